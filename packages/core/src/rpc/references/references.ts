/**
 * The references of one conversation: those that this side gave, those that it took, and the given and taken
 * streams. Both sides have the same counts, because each side computes its counts from the messages alone. No
 * count depends on the garbage collector. docs/protocol.md has the rules.
 */
import type { AsyncResource } from 'node:async_hooks';
import { PipeworkError } from '../../base/errors.ts';
import { onAbort } from '../../base/on-abort.ts';
import { isAbortSignal } from '../../base/realm.ts';
import { GivenReferences } from './given-references.ts';
import type { Shared } from '../../session/shared.ts';
import { runtimeMethods } from '../../session/wire-words.ts';
import { forEachHeld, isObject } from './held-by.ts';
import type { ReferenceHost } from './reference-host.ts';
import type {
  Borrower,
  GivenIn,
  Receiver,
  Scope,
  TakenIn,
  TakenKind,
  TakenReference,
} from './reference-types.ts';
import { isMarkedObject, isMarkedPlain, remoteTargetOf } from '../remote/stand-in.ts';
import { GivenStream } from '../streams/given-stream.ts';
import type { TakenStream } from '../streams/taken-stream.ts';
import { isIterableValue, iterableKind, type StreamKind } from '../sources/stream-kind.ts';
import { TakenReferences } from './taken-references.ts';
import { takeStream } from '../streams/as-user-stream.ts';
import { StreamHost, type MessageScopes } from '../streams/stream-host.ts';
import type { MessageStream, ValueReferences } from '../messages/message-stream.ts';
import { WireReference } from '../wire/extension.ts';

/** Stands for every signal that was aborted before it was sent. There is nothing to release. */
const abortedSignal = Object.defineProperty(AbortSignal.abort(), Symbol.dispose, { value: () => {} });

/**
 * The message that is being written or read now. A getter in a message may make a call, so messages can be
 * nested.
 */
interface Message {
  readonly outer: Message | undefined;
  readonly callSignals?: readonly AbortSignal[] | undefined;
  readonly incoming?: Borrower | undefined;
  readonly outgoing?: Receiver | undefined;
  /** The call that the stream belongs to whose item is written. */
  readonly givenIn?: GivenIn | undefined;
  /** The call whose arguments brought the stream whose items are read. */
  readonly lender?: Borrower | undefined;
  readonly isHandingOver: boolean;
  scope?: Scope;
  /** True if the message brought a value by reference. */
  hasTaken?: boolean;
}

export class References implements ValueReferences, MessageScopes {
  readonly #messages: MessageStream;
  readonly #shared: Shared;
  readonly #host: ReferenceHost;
  readonly #streamHost: StreamHost;
  readonly #given: GivenReferences;
  readonly #taken: TakenReferences;
  readonly #givenStreams = new Map<number, GivenStream>();
  readonly #takenStreams = new Set<TakenStream>();
  /** The {@link TakenStream} of each iterator, Node stream or web stream that user code got. */
  readonly #streamOf = new WeakMap<object, TakenStream>();
  /** Stream items that contained references or streams when they arrived. */
  readonly #itemsThatHold = new WeakSet<object>();
  #message: Message | undefined;
  #hasEnded = false;

  /**
   * Connects this object to `messages`. From now on, `messages` sends and takes references through this
   * object.
   */
  constructor(messages: MessageStream, host: ReferenceHost) {
    this.#messages = messages;
    this.#shared = messages.shared;
    this.#host = host;
    this.#streamHost = new StreamHost(messages, this);
    this.#given = new GivenReferences(messages.shared.counts);
    this.#taken = new TakenReferences(messages, host, this);
    messages.carry(this);
  }

  /** How many references and streams this side and the peer hold. */
  get size(): number {
    return this.#given.size + this.#taken.size + this.#givenStreams.size + this.#takenStreams.size;
  }

  /**
   * True if a given or taken stream is being read. A stream does not count before its reader begins to read,
   * because the reader may never begin.
   */
  get isStreaming(): boolean {
    for (const stream of this.#givenStreams.values()) if (stream.isOpen) return true;
    for (const stream of this.#takenStreams) if (stream.isOpen) return true;
    return false;
  }

  #checkRoom(): void {
    if (this.size < this.#shared.limits.maxReferences) return;
    throw new PipeworkError(
      'RPC_TOO_MANY_REFERENCES',
      `this connection holds ${this.size} references, the limit (maxReferences). Call [Symbol.dispose]() on retained references`,
    );
  }

  standsApart(record: object): boolean {
    if (isMarkedPlain(record) || Symbol.asyncIterator in record) return true;
    // A stand-in for an object of the peer has no prototype, so only objects without a prototype are looked
    // up.
    return Object.getPrototypeOf(record) === null && remoteTargetOf(record) !== undefined;
  }

  /**
   * Must be called before the walk (outbound.ts) over a call's arguments. Each of `callSignals` cancels the
   * call. If the arguments contain one of these signals, the handler gets the call's own signal instead.
   */
  beginSending(callSignals: readonly AbortSignal[] | undefined): void {
    this.#message = { outer: this.#message, callSignals, isHandingOver: false };
  }

  /**
   * Must be called before the walk over the result of a call or an item of a stream. The references in this
   * value belong to the peer until the peer gives them back.
   */
  beginHandingOver(incoming?: Borrower): void {
    this.#message = { outer: this.#message, incoming, isHandingOver: true };
  }

  beginHandingOverItem(givenIn: GivenIn): void {
    const { incoming } = givenIn;
    this.#message = { outer: this.#message, incoming, givenIn, isHandingOver: true };
  }

  /** Ends a walk, and returns the references that the message gives; undefined if it gives none. */
  endSending(): Scope | undefined {
    const scope = this.#message?.scope;
    this.#message = this.#message?.outer;
    return scope;
  }

  send(value: object): WireReference | undefined {
    const remote = remoteTargetOf(value);
    if (remote !== undefined && remote.owner === this) {
      const known = this.#taken.get((remote as TakenReference).id);
      if (known !== undefined) return new WireReference('yours', known.id);
    }
    if (typeof value === 'function') return this.#give(value, 'function');
    if (isAbortSignal(value)) return this.#sendSignal(value);
    if (remote !== undefined || isMarkedObject(value)) return this.#give(value, 'object');
    if (isIterableValue(value)) return this.#giveStream(value, iterableKind(value));
    return undefined;
  }

  get #scope(): Scope {
    const scope = this.#message?.scope ?? { references: [], streams: [] };
    if (this.#message !== undefined) this.#message.scope = scope;
    return scope;
  }

  #give(target: object, kind: TakenKind, attach?: (id: number) => () => void): WireReference {
    this.#checkRoom();
    const scope = this.#scope;
    const entry = this.#given.give(target, this.#message?.isHandingOver === true, scope, attach);
    scope.references.push(entry);
    return new WireReference(kind, entry.id);
  }

  #sendSignal(signal: AbortSignal): WireReference {
    if (this.#message?.callSignals?.includes(signal) === true) return new WireReference('callSignal', 0);
    if (signal.aborted) return new WireReference('abortedSignal', 0);
    return this.#give(signal, 'signal', (id) =>
      onAbort(signal, () => this.#messages.notify(runtimeMethods.abort, [id])),
    );
  }

  #giveStream(value: object, kind: StreamKind): WireReference {
    this.#checkRoom();
    const message = this.#message;
    const incoming = message?.incoming;
    const outer = message?.givenIn?.lent;
    const owner = message?.givenIn ?? {
      incoming,
      lent: message?.isHandingOver === true ? undefined : this.#scope,
    };
    const stream = new GivenStream(value, this.#streamHost, owner, () => {
      this.#givenStreams.delete(stream.id);
      outer?.nested?.delete(stream);
      this.#shared.counts.references--;
      this.#host.givenStreamEnded(incoming);
    });
    if (incoming !== undefined) incoming.held.given++;
    this.#givenStreams.set(stream.id, stream);
    this.#shared.counts.references++;
    this.#scope.streams.push(stream);
    if (outer !== undefined) (outer.nested ??= new Set()).add(stream);
    stream.offer();
    return new WireReference(kind, stream.id);
  }

  /** Takes back the references of a call's arguments, because the call has settled or was never sent. */
  settle(scope: Scope | undefined): void {
    if (scope === undefined) return;
    for (const entry of scope.references) this.#given.takeBack(entry, 1);
    for (const stream of scope.streams) stream.callSettled();
  }

  /**
   * Tells the sources of the streams in a call's arguments to end, because this side has cancelled the call.
   * Must be called before the peer gets the cancel.
   */
  leaveStreams(scope: Scope | undefined, reason: unknown): void {
    for (const stream of openStreams(scope)) stream.leave(reason);
  }

  /**
   * Ends the streams in a call's arguments, because this side has cancelled the call. Must be called after
   * the cancel was sent.
   */
  abortStreams(scope: Scope | undefined, reason: unknown): void {
    for (const stream of openStreams(scope)) stream.abort(reason);
  }

  /** Takes back the references of a result that could not be sent, and cancels the streams in the result. */
  revoke(scope: Scope | undefined, reason: unknown): void {
    if (scope === undefined) return;
    for (const entry of scope.references) this.#given.takeBack(entry, 1);
    for (const stream of scope.streams) stream.drop(reason);
  }

  /** Ends the walk of a message that cannot be sent, and {@link revoke}s the references in the message. */
  revokeSending(reason: unknown): void {
    this.revoke(this.endSending(), reason);
  }

  /**
   * Returns the asynchronous context in which a reference was given. The peer's calls to the reference run in
   * this context.
   */
  contextOf(id: unknown): AsyncResource | undefined {
    return this.#given.contextOf(id);
  }

  /** Runs a call of the peer to a reference that was given. */
  invoke(id: unknown, name: unknown, args: unknown[]): unknown {
    return this.#given.invoke(id, name, args);
  }

  /**
   * Must be called before values are decoded. If `incoming` is given, the values are the arguments of this
   * call. If `outgoing` is given, the values are the result of this call.
   */
  beginTaking(incoming?: Borrower, outgoing?: Receiver): void {
    this.#message = { outer: this.#message, incoming, outgoing, isHandingOver: false };
    this.#taken.beginMessage();
  }

  /** Must be called before items of a stream are decoded. `owner` is the call that the stream belongs to. */
  beginTakingItems(owner: TakenIn | undefined): void {
    const { outgoing, incoming: lender } = owner ?? {};
    this.#message = { outer: this.#message, outgoing, lender, isHandingOver: false };
    this.#taken.beginMessage();
  }

  endTaking(): void {
    this.#message = this.#message?.outer;
  }

  endTakingItems(items: readonly unknown[]): void {
    if (this.#message?.hasTaken === true)
      for (const item of items) if (isObject(item)) this.#itemsThatHold.add(item);
    this.endTaking();
  }

  /** Gives back the references in an item that the consumer of the item's stream will not take. */
  discard(item: unknown): void {
    if (!isObject(item) || !this.#itemsThatHold.has(item)) return;
    forEachHeld(item, (held) => {
      const stream = this.#streamOf.get(held);
      if (stream === undefined) this.#taken.giveBack(held);
      else void stream.cancel(undefined);
    });
  }

  take({ kind, id }: WireReference): unknown {
    if (this.#message !== undefined) this.#message.hasTaken = true;
    switch (kind) {
      case 'callSignal':
        if (this.#message?.incoming !== undefined) return this.#message.incoming.argumentSignal;
        throw new TypeError('the signal of a call came outside a call');
      case 'abortedSignal':
        return abortedSignal;
      case 'yours': {
        const own = this.#given.get(id);
        if (own !== undefined) return own.target;
        throw new TypeError('a reference of this side came back after it had been released');
      }
      case 'function':
      case 'object':
      case 'signal':
        this.#checkRoom();
        return this.#taken.take(kind, id, this.#message?.incoming);
      default:
        return this.#takeStream(kind, id);
    }
  }

  #takeStream(kind: StreamKind, id: number): object {
    this.#checkRoom();
    const { outgoing, incoming, lender } = this.#message ?? {};
    // The call in whose items, or in whose callback's result, the stream came.
    const user = lender ?? outgoing?.within;
    const owner = { incoming: incoming ?? lender, outgoing };
    const { value, stream } = takeStream(kind, id, this.#streamHost, owner, {
      ended: () => {
        this.#takenStreams.delete(stream);
        this.#shared.counts.references--;
        outgoing?.streams?.delete(stream);
        if (outgoing?.isWatched === true) (outgoing.unread ??= new Set()).add(stream);
        this.#host.takenStreamEnded(outgoing);
      },
      read: () => {
        user?.held.nested?.delete(stream);
        if (outgoing?.unread?.delete(stream) === true) this.#host.takenStreamEnded(outgoing);
      },
    });
    this.#takenStreams.add(stream);
    this.#streamOf.set(value, stream);
    this.#shared.counts.references++;
    if (outgoing !== undefined) (outgoing.streams ??= new Set()).add(stream);
    incoming?.held.streams.push(stream);
    if (user !== undefined) joinCall(stream, user);
    return value;
  }

  /**
   * Gives back the references and streams that a call borrowed from the peer, because the call has settled.
   */
  returnBorrowed(call: Borrower): void {
    if (!call.isHolding) return;
    this.#taken.returnBorrowed(call.held.references);
    const nested = [...(call.held.nested ?? [])];
    const streams = call.held.streams.splice(0);
    for (const stream of streams) stream.callSettled();
    // If the handler's code still reads a stream, it may also read the streams in the items of that stream.
    if (nested.length === 0 || [...streams, ...nested].some((stream) => stream.isBeingRead)) return;
    for (const stream of nested) stream.userSettled();
  }

  /** Releases the references of the message that was read last, because that message is dropped. */
  releaseTaken(): void {
    this.#taken.releaseLatest();
  }

  /**
   * Handles a notification about references. A notification about a reference that does not exist is ignored,
   * because the peer may have given the reference back already.
   */
  notified(method: string, params: readonly unknown[]): void {
    const id = params[0] as number;
    const entry = this.#given.get(id);
    if (method === runtimeMethods.retain && entry !== undefined) {
      this.#given.retain(entry);
    } else if (method === runtimeMethods.release && entry !== undefined) {
      this.#given.takeBack(entry, Math.min(entry.count, Math.max(1, Number(params[1]) || 1)));
    } else if (method === runtimeMethods.drop) {
      this.#givenStreams.get(id)?.drop(params[1]);
    } else if (method === runtimeMethods.abort) {
      this.#taken.get(id)?.abort?.(new DOMException('the operation was aborted by the caller', 'AbortError'));
    }
  }

  /**
   * Revokes all references that the peer holds. Resolves after the objects that were handed over are disposed
   * of.
   */
  takeBackAll(): Promise<void> {
    return this.#given.clear();
  }

  /**
   * Ends the streams, because this side is leaving. The `return()` of each given stream's source is called,
   * and the readers of taken streams fail with `reason`.
   */
  leave(reason: unknown): void {
    for (const stream of [...this.#givenStreams.values()]) stream.leave(reason);
    for (const stream of [...this.#takenStreams]) stream.abort(reason);
  }

  /** Must be called when the conversation has ended. Releases all references and streams. */
  close(error: Error): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    void this.#given.clear();
    this.#taken.close(error);
    for (const stream of [...this.#givenStreams.values()]) stream.conversationClosed(error);
    const { explainLoss } = this.#shared.options;
    let explanation: Promise<Error> | undefined;
    const ask = explainLoss && ((cause: Error): Promise<Error> => (explanation ??= explainLoss(cause)));
    for (const stream of [...this.#takenStreams]) stream.conversationClosed(error, ask);
  }
}

/** Returns a copy of the list of the streams in a call's arguments, and of the open streams in their items. */
function openStreams(scope: Scope | undefined): GivenStream[] {
  return scope === undefined ? [] : [...scope.streams, ...(scope.nested ?? [])];
}

/** Lets a stream end when `call` is cancelled. */
function joinCall(stream: TakenStream, call: Borrower): void {
  (call.held.nested ??= new Set()).add(stream);
  if (call.abortReason !== undefined) stream.abort(call.abortReason);
}
