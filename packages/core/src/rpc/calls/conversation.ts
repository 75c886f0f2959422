/**
 * One RPC conversation on one stream: the calls and the references of both sides, and the end of the
 * conversation.
 */
import type { MuxError } from '@pipework/mux';
import type { RawStream, RawStreamHandler } from '@pipework/mux/lean';
import { PipeworkError } from '../../base/errors.ts';
import type { CallOptions } from '../api/call-options.ts';
import { IncomingCalls } from './incoming-calls.ts';
import { OutgoingCalls } from './outgoing-calls.ts';
import { MessageStream } from '../messages/message-stream.ts';
import { messageType, runtimeMethods, runtimePrefix } from '../../session/wire-words.ts';
import { readEnvelope } from '../messages/envelope.ts';
import { referenceCallName, type CallInterceptor, type HandlerInterceptor } from '../api/interceptors.ts';
import type { Shared } from '../../session/shared.ts';
import { noBins, type IncomingMessage } from '../wire/incoming-message.ts';
import type { MessageReader } from '../wire/message-reader.ts';
import { plain, readPlain } from '../messages/small/reader.ts';
import type { ReferenceHost } from '../references/reference-host.ts';
import { MethodName, MethodNames } from '../messages/method-names.ts';
import type { Borrower } from '../references/reference-types.ts';
import { References } from '../references/references.ts';
import { PostponedMessages } from './postponed-messages.ts';
import type { ServedObject } from '../api/served-object.ts';
import { CreditGate } from '../../session/unfinished.ts';
import { isWatched, watchedCall } from './watched-call.ts';

export interface ConversationOptions {
  readonly shared: Shared;
  /** The object that answers the peer's calls. Without it, these calls fail. */
  readonly served?: ServedObject | undefined;
  /**
   * The prefix of every method of both sides on the wire, for instance `Plugin.`. A conversation without a
   * prefix is the control stream, which has no limits and no interceptors.
   */
  readonly prefix?: string | undefined;
  /**
   * The name under which the implementation was dispensed. Traces of calls to the implementation show this
   * name.
   */
  readonly service?: string | undefined;
  /** Interceptors around each outgoing call, the outermost first. */
  readonly callInterceptors?: readonly CallInterceptor[] | undefined;
  /** Interceptors around each incoming call, the outermost first. */
  readonly handlerInterceptors?: readonly HandlerInterceptor[] | undefined;
  /**
   * True if the served object is a service of the host. Calls to a service are counted as callbacks, and
   * never wait.
   */
  readonly isService?: boolean | undefined;
  /**
   * Called after the end of a call or a stream, because {@link Conversation.isUnderWay} may have become
   * false.
   */
  readonly onQuiet?: (() => void) | undefined;
}

const describeName = new MethodName(runtimeMethods.describe, runtimeMethods.describe);

export class Conversation implements RawStreamHandler {
  readonly shared: Shared;
  /** Resolves when the stream is gone; never rejects. */
  readonly closed: Promise<void>;
  readonly #stream: RawStream;
  readonly #names: MethodNames;
  // Undefined on the control stream, because neither interceptors nor tracing tools see its calls.
  readonly #interceptors: readonly CallInterceptor[] | undefined;
  readonly #service: string | undefined;
  readonly #messages: MessageStream;
  readonly #references: References | undefined;
  readonly #outgoing: OutgoingCalls;
  readonly #incoming: IncomingCalls;
  readonly #reader: MessageReader;
  readonly #answersPeer: boolean;
  readonly #onQuiet: (() => void) | undefined;
  readonly #resolveClosed: () => void;
  readonly #gate: CreditGate;
  /**
   * Requests and notifications that wait until the peer has read the answers of this side. Answers of the
   * peer never wait.
   */
  #postponed: PostponedMessages | undefined;
  #isCatchingUp = false;
  #owedCredit = 0;
  #isFinishing = false;
  #hasPeerFinished = false;
  #hasEnded = false;

  /** Makes the conversation, and sets it as the handler of `stream`. */
  constructor(stream: RawStream, options: ConversationOptions) {
    const {
      shared,
      served,
      prefix,
      service,
      callInterceptors = [],
      handlerInterceptors = [],
      isService = false,
    } = options;
    let resolveClosed = (): void => {};
    this.closed = new Promise((resolve) => {
      resolveClosed = resolve;
    });
    this.#resolveClosed = resolveClosed;
    this.shared = shared;
    this.#stream = stream;
    this.#names = new MethodNames(prefix ?? '');
    this.#gate = new CreditGate(shared.budget, (bytes) => stream.consume(bytes));
    const isControl = prefix === undefined;
    this.#interceptors = isControl ? undefined : callInterceptors;
    this.#service = service;
    this.#answersPeer = served !== undefined;
    this.#onQuiet = options.onQuiet;
    this.#messages = new MessageStream(stream, shared);
    this.#references = shared.capabilities.has('refs')
      ? new References(this.#messages, this.#referenceHost())
      : undefined;
    this.#outgoing = new OutgoingCalls(this.#messages, this.#references, isControl);
    this.#incoming = new IncomingCalls(this.#messages, this.#references, served, this.#names, {
      isControl,
      isService,
      service,
      interceptors: handlerInterceptors,
    });
    this.#reader = this.#messages.reader(
      (message) => this.#message(message),
      (source, start, end) => this.#plain(source, start, end),
    );
    this.#outgoing.onSettled = () => this.#finishWhenIdle();
    stream.setHandler(this);
  }

  /**
   * Calls a method of the object that the peer serves. Never throws. Rejects with the handler's error, with
   * the signal's reason, or with `RPC_NOT_SERIALIZABLE`, `RPC_OVERLOADED`, `RPC_DEADLINE` or `RPC_CLOSED`.
   */
  call(method: string, params: unknown[], options?: CallOptions): Promise<unknown> {
    const name = this.#names.called(method);
    if (!isWatched(this.#interceptors)) return this.#outgoing.call(name, params, options);
    const call = { method: name.wire, service: this.#service, peer: this.shared.peer, params, options };
    return watchedCall(call, this.#interceptors, (...sent) => this.#outgoing.call(name, ...sent));
  }

  /** Asks the peer's runtime which methods the peer serves on this conversation. */
  describe(options: CallOptions): Promise<unknown> {
    return this.#outgoing.call(describeName, [], options);
  }

  #callReference(
    id: number,
    name: string | undefined,
    args: unknown[],
    within: Borrower | undefined,
  ): Promise<unknown> {
    const reference = { id, name, within };
    if (!isWatched(this.#interceptors)) return this.#outgoing.callReference(reference, args);
    const call = {
      method: referenceCallName(name),
      service: this.#service,
      peer: this.shared.peer,
      params: args,
      options: undefined,
    };
    return watchedCall(call, this.#interceptors, (...sent) =>
      this.#outgoing.callReference(reference, ...sent),
    );
  }

  /** How many calls of this side are not answered yet. */
  get pendingCalls(): number {
    return this.#outgoing.unanswered;
  }

  /**
   * True while a call of this side is pending, a stream in a call's result is open, or the peer reads a
   * stream of this side.
   */
  get isUnderWay(): boolean {
    return this.#outgoing.methods().length > 0 || this.#references?.isStreaming === true;
  }

  /**
   * The methods of the pending calls, and of calls whose result is being streamed. Crash reports show them.
   */
  get pendingMethods(): string[] {
    return this.#outgoing.methods();
  }

  /** How many calls of the peer run or wait. */
  get runningCalls(): number {
    return this.#incoming.admitted.count;
  }

  /** How many functions, objects, signals and streams this side and the peer hold by reference. */
  get references(): number {
    return this.#references?.size ?? 0;
  }

  /** Refuses new calls of the peer with `message`. Callbacks are not refused. Running calls continue. */
  refuseCalls(message: string): void {
    this.#incoming.admitted.refuse(message);
  }

  /** Resolves as soon as no call of the peer runs or waits. */
  async idle(): Promise<void> {
    await this.#postponed?.emptied();
    await this.#incoming.admitted.idle();
  }

  /**
   * Must be called when this side is leaving. The signals of running handlers abort. Calls to the peer and
   * streams of values fail with `reason`, because handlers may be waiting for them. If the peer reads a
   * stream, the `return()` of the stream's source is called. The answers of handlers are sent nevertheless.
   */
  leave(reason: Error): void {
    this.#incoming.admitted.cancelAll(reason);
    this.#outgoing.abortAll(reason);
    this.#references?.leave(reason);
  }

  /**
   * Revokes every reference that the peer holds. Resolves after the objects that were handed over are
   * disposed of.
   */
  async takeBackReferences(): Promise<void> {
    await this.#references?.takeBackAll();
  }

  /**
   * Refuses further calls of this side. This side's half of the stream ends as soon as the calls of both
   * sides are answered and no stream of values is being read.
   */
  finish(): void {
    this.#isFinishing = true;
    this.#outgoing.finish();
    this.#finishWhenIdle();
  }

  /**
   * Ends the conversation immediately. Pending calls reject, running calls abort, and the peer gets a reset.
   */
  close(error?: Error): void {
    if (this.#hasEnded) return;
    const reason = error ?? new PipeworkError('RPC_CLOSED', 'the connection was closed on this side');
    this.#end(reason);
    this.#stream.reset(reason);
  }

  #referenceHost(): ReferenceHost {
    return {
      callReference: (id, name, args, within) => this.#callReference(id, name, args, within),
      givenStreamEnded: (call) => {
        if (call !== undefined) this.#incoming.streamEnded(call);
        this.#finishWhenIdle();
      },
      takenStreamEnded: (call) => {
        if (call !== undefined) this.#outgoing.streamEnded(call);
        this.#finishWhenIdle();
      },
    };
  }

  #message(message: IncomingMessage): void {
    readEnvelope(message);
    if (message.type === messageType.response) return this.#outgoing.takeAnswer(message);
    if (this.#mustPostpone) this.#postpone(message.source, message.start, message.end, message.bins);
    else this.#handle(message);
  }

  #plain(source: Uint8Array, start: number, end: number): number {
    const next = readPlain(source, start, end);
    if (next === 0) return 0;
    if (plain.type === messageType.response) this.#outgoing.takePlainAnswer(plain.id, plain.result);
    else if (this.#mustPostpone) this.#postpone(source, start, next, noBins);
    else this.#incoming.plainRequest(plain.id, plain.method, plain.params);
    return next;
  }

  /**
   * True while the peer does not read the answers to its calls. Further calls would make further answers, and
   * these answers would fill the memory. Notifications wait too, because they may refer to a call that waits,
   * or to a reference that such a call uses.
   */
  get #mustPostpone(): boolean {
    return this.#incoming.areTooManyUnread || this.#postponed?.isEmpty === false;
  }

  #postpone(source: Uint8Array, start: number, end: number, bins: readonly Uint8Array[]): void {
    this.#postponed ??= new PostponedMessages(this.#messages.scanner(), this.shared.peer);
    this.#postponed.add(source, start, end, bins);
  }

  #handle(message: IncomingMessage): void {
    if (message.type === messageType.request) this.#incoming.request(message);
    else this.#notified(message);
  }

  /** Handles postponed messages until no message waits, or until too many answers are unread again. */
  #catchUp(postponed: PostponedMessages): void {
    // If the loop below sends an answer, the stream may drain, and this method is called again.
    if (this.#isCatchingUp) return;
    this.#isCatchingUp = true;
    try {
      while (!this.#incoming.areTooManyUnread && !postponed.isEmpty) {
        postponed.handleFirst(this.#handlePlain, this.#handleWhole);
      }
    } catch (error) {
      this.close(error as Error);
    } finally {
      this.#isCatchingUp = false;
    }
    if (postponed.isEmpty) void this.idle().then(() => this.#finishWhenIdle());
  }

  readonly #handlePlain = (source: Uint8Array, start: number, end: number): number => {
    const next = readPlain(source, start, end);
    if (next > 0) this.#incoming.plainRequest(plain.id, plain.method, plain.params);
    return next;
  };

  readonly #handleWhole = (message: IncomingMessage): void => {
    readEnvelope(message);
    this.#handle(message);
  };

  #notified(message: IncomingMessage): void {
    const { method } = message;
    let params: unknown;
    try {
      params = this.#messages.read(message);
    } catch {
      return; // A notification has no answer that could carry the error.
    }
    if (!Array.isArray(params)) return;
    if (!method.startsWith(runtimePrefix)) return this.#incoming.notified(method, params);
    if (method === runtimeMethods.cancel) return this.#incoming.cancel(params[0]);
    this.#references?.notified(method, params);
  }

  onData(chunk: Uint8Array): void {
    this.onRange(chunk, 0, chunk.length);
  }

  onRange(chunk: Uint8Array, start: number, end: number): void {
    try {
      this.#reader.push(chunk, start, end);
    } catch (error) {
      return this.close(error as Error);
    }
    const { unfinished } = this.#reader;
    // A peer that does not read the answers to its calls gets no credit for further calls. Only a side that
    // serves an object withholds credit. If both sides withheld it, they could wait for each other.
    this.#gate.isWanted = this.#incoming.isFlowing || !this.#answersPeer;
    if (this.#gate.isWanted) return this.#gate.read(end - start, unfinished);
    this.#owedCredit += end - start;
    this.#gate.read(0, unfinished);
  }

  onDrain(): void {
    this.#incoming.drained();
    if (this.#postponed !== undefined) this.#catchUp(this.#postponed);
    if (!this.#incoming.isFlowing || this.#hasEnded) return;
    const owed = this.#owedCredit;
    this.#owedCredit = 0;
    this.#gate.isWanted = true;
    this.#gate.read(owed, this.#reader.unfinished);
  }

  onEnd(): void {
    this.#hasPeerFinished = true;
    if (this.#outgoing.unanswered > 0 && this.#reader.unfinished > 0) {
      return this.close(new PipeworkError('RPC_PROTOCOL', 'the peer finished in the middle of a message'));
    }
    // No more answers can come, because the peer sends its answers on the half that has just ended.
    this.#outgoing.end(new PipeworkError('RPC_CLOSED', 'the peer finished the connection'));
    void this.idle().then(() => this.#finishWhenIdle());
  }

  #finishWhenIdle(): void {
    this.#onQuiet?.();
    if (this.#hasEnded || (!this.#isFinishing && !this.#hasPeerFinished)) return;
    if (this.#postponed?.isEmpty === false) return;
    if (this.#outgoing.unanswered > 0 || this.#incoming.admitted.count > 0) return;
    if (this.#references?.isStreaming === true) return;
    this.#messages.end();
    this.#stream.end();
  }

  onClose(error: MuxError | undefined): void {
    this.#end(error ?? new PipeworkError('RPC_CLOSED', 'the connection has ended'));
    this.#resolveClosed();
  }

  /**
   * Ends the conversation, for any reason. The first reason counts, and everything that is pending settles
   * with that reason.
   */
  #end(reason: Error): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#messages.end();
    this.#reader.stop();
    this.#gate.end();
    this.#postponed?.clear();
    this.#incoming.admitted.end(reason);
    this.#outgoing.end(reason);
    this.#references?.close(reason);
  }
}
