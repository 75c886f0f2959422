/**
 * The references that one conversation has taken from the peer. Each reference is borrowed for a call, or
 * held until this side gives it back.
 */
import { AsyncResource } from 'node:async_hooks';
import { IdMap } from '@pipework/mux/lean';
import { type PipeworkError, unsent } from '../../base/errors.ts';
import { runtimeMethods } from '../../session/wire-words.ts';
import type { SharedCounts } from '../../session/shared.ts';
import type { MessageStream } from '../messages/message-stream.ts';
import { bindListeners } from './bound-listeners.ts';
import type { ReferenceHost } from './reference-host.ts';
import type { Borrower, TakenKind, TakenReference } from './reference-types.ts';
import { makeRemoteFunction, makeRemoteObject, remoteTargetOf } from '../remote/stand-in.ts';

export class TakenReferences {
  readonly #messages: MessageStream;
  readonly #counts: SharedCounts;
  readonly #host: ReferenceHost;
  /** The `owner` of every reference in this table. A remote with another `owner` belongs to another table. */
  readonly #owner: object;
  readonly #byId = new IdMap<TakenReference>();
  /**
   * The reference of each signal. For a stand-in, `remoteTargetOf()` returns the reference, so a stand-in
   * needs no entry here.
   */
  readonly #signals = new WeakMap<object, TakenReference>();
  #latest: TakenReference[] = [];
  #endedBy: Error | undefined;

  constructor(messages: MessageStream, host: ReferenceHost, owner: object) {
    this.#messages = messages;
    this.#counts = messages.shared.counts;
    this.#host = host;
    this.#owner = owner;
  }

  get size(): number {
    return this.#byId.size;
  }

  get(id: unknown): TakenReference | undefined {
    const entry = typeof id === 'number' ? this.#byId.get(id) : undefined;
    return entry?.id === id ? entry : undefined;
  }

  /**
   * Must be called before a message is decoded. From then on, {@link releaseLatest} does not release the
   * references of the previous message, which are in use.
   */
  beginMessage(): void {
    if (this.#latest.length > 0) this.#latest = [];
  }

  /**
   * Returns the local value for an object of the peer. The reference is borrowed if `borrower` is given, and
   * held otherwise.
   */
  take(kind: TakenKind, id: number, borrower: Borrower | undefined): object {
    let entry = this.#byId.get(id);
    if (entry === undefined) {
      entry = kind === 'signal' ? this.#makeSignal(id, borrower) : this.#makeCallable(kind, id);
      this.#byId.set(id, entry);
      this.#counts.references++;
    } else if (entry.kind !== kind) {
      throw new TypeError(`reference ${id} came as a ${entry.kind} before, and now as a ${kind}`);
    }
    if (borrower === undefined) {
      entry.held++;
      this.#latest.push(entry);
    } else {
      entry.borrowed++;
      entry.borrower = borrower;
      borrower.held.references.push(entry);
    }
    return entry.value;
  }

  #makeSignal(id: number, borrower: Borrower | undefined): TakenReference {
    const controller = new AbortController();
    let context: AsyncResource | undefined;
    const bind = (): void => {
      context ??= new AsyncResource('PIPEWORK_SIGNAL');
    };
    // The answers and items of a connection arrive in the context in which the connection was made.
    if (borrower === undefined) bindListeners(controller.signal, bind);
    const entry: TakenReference = {
      id,
      kind: 'signal',
      owner: this.#owner,
      borrowed: 0,
      held: 0,
      borrower: undefined,
      value: controller.signal,
      abort: (reason) => {
        if (context === undefined) controller.abort(reason);
        else context.runInAsyncScope(() => controller.abort(reason));
      },
      bind,
      release: () => this.#release(entry),
    };
    this.#signals.set(controller.signal, entry);
    // A signal that came in a result is held until the user calls its `[Symbol.dispose]()`.
    Object.defineProperty(controller.signal, Symbol.dispose, { value: entry.release, configurable: true });
    return entry;
  }

  #makeCallable(kind: 'function' | 'object', id: number): TakenReference {
    let releasedAt: Error | undefined;
    const entry: TakenReference = {
      id,
      kind,
      owner: this.#owner,
      borrowed: 0,
      held: 0,
      borrower: undefined,
      value: {},
      abort: undefined,
      bind: undefined,
      call: (name, args) => {
        if (this.#byId.get(id) === entry)
          return this.#host.callReference(id, name, args, soleBorrower(entry));
        return Promise.reject(this.#releasedError(releasedAt));
      },
      retain: () => {
        if (this.#byId.get(id) !== entry) throw this.#releasedError(releasedAt);
        entry.held++;
        this.#messages.notify(runtimeMethods.retain, [id]);
      },
      release: () => {
        releasedAt ??= new Error('it was disposed of here');
        this.#release(entry);
      },
    };
    entry.value = kind === 'function' ? makeRemoteFunction(entry) : makeRemoteObject(entry);
    return entry;
  }

  #releasedError(releasedAt: Error | undefined): PipeworkError {
    const closed = this.#endedBy;
    if (closed !== undefined) {
      const message = `the connection that the reference belongs to has ended: ${closed.message}`;
      return unsent('RPC_CLOSED', message, { cause: closed });
    }
    return unsent(
      'RPC_REFERENCE_RELEASED',
      releasedAt === undefined
        ? 'the reference was used after the call that brought it had settled. Call retain() during the call to keep it'
        : 'the reference was used after its [Symbol.dispose]()',
      { cause: releasedAt },
    );
  }

  /** Gives back one hold of a value, if the value stands for a reference of the peer. */
  giveBack(value: object): void {
    const target = this.#signals.get(value) ?? remoteTargetOf(value);
    if (target?.owner === this.#owner) this.#release(target as TakenReference, 1);
  }

  /**
   * Gives back all holds of a reference, or `count` of them. If a running call has borrowed the reference,
   * the reference remains until that call settles.
   */
  #release(entry: TakenReference, count: number = entry.held): void {
    if (this.#byId.get(entry.id) !== entry || entry.held < count || count === 0) return;
    entry.held -= count;
    if (this.#endedBy === undefined) this.#messages.notify(runtimeMethods.release, [entry.id, count]);
    this.#forget(entry);
  }

  /** Releases the references of the message that was read last, because the message is dropped. */
  releaseLatest(): void {
    for (const entry of this.#latest) this.#release(entry);
    this.#latest = [];
  }

  /**
   * Gives back these references, because the call that borrowed them has settled. No notification is sent,
   * because the peer knows from the answer that the call has settled.
   */
  returnBorrowed(references: TakenReference[]): void {
    for (const entry of references.splice(0)) {
      entry.borrowed--;
      if (entry.borrowed === 0) entry.borrower = undefined;
      this.#forget(entry);
    }
  }

  #forget(entry: TakenReference): void {
    if (entry.borrowed > 0 || entry.held > 0 || !this.#byId.delete(entry.id)) return;
    this.#counts.references--;
  }

  close(error: Error): void {
    this.#endedBy = error;
    const entries = [...this.#byId.values()];
    this.#byId.clear();
    this.#counts.references -= entries.length;
    for (const entry of entries) entry.abort?.(error);
  }
}

/**
 * Returns the running call that makes the calls of this reference; undefined if the reference may be used by
 * more than one call, or beyond its call.
 */
function soleBorrower({ borrowed, held, borrower }: TakenReference): Borrower | undefined {
  return borrowed === 1 && held === 0 ? borrower : undefined;
}
