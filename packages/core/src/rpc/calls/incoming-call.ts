/**
 * One call of the peer while it is being answered. The object holds the data that the call's handler can ask
 * for, and the resources that are released when the call ends.
 */
import { AsyncResource } from 'node:async_hooks';
import { afterPatience, clock } from '../../base/timers.ts';
import type { WaitingCall } from '../../session/call-queue.ts';
import type { Borrower, Held } from '../references/reference-types.ts';

const noMetadata: Readonly<Record<string, string>> = Object.freeze({});

/**
 * The caller's own deadline passes first, and its cancel needs a moment to arrive. If no cancel arrives within
 * this many milliseconds after the deadline, the call is cancelled nevertheless.
 */
const callerFirstMs = 250;

/** The data that came with a call in addition to its arguments. */
interface Meta {
  metadata: Readonly<Record<string, string>>;
  deadlineAt: number | undefined;
  stopTimer: (() => void) | undefined;
}

// Most calls need neither `#meta` nor `#held`, so these are created when they are needed. This keeps the
// object of a call small, which matters if a peer makes millions of calls.
export class IncomingCall implements Borrower {
  readonly id: number;
  readonly method: string;
  isAnswered = false;
  /**
   * The limit under which the call is counted. Calls under `calls` may wait for room. Calls to references and
   * to services are under `callbacks`, and are refused if there is no room. Calls on the control stream are
   * under `none`, and have no limit.
   */
  limit: 'calls' | 'callbacks' | 'none' = 'calls';
  /**
   * True if `AdmittedCalls` finds the call by its id, because the call outlives the turn in which it arrived.
   */
  isTracked = false;
  /** The call's place in the queue, while the call waits. */
  waiting: WaitingCall | undefined = undefined;
  #held: Held | undefined = undefined;
  #meta: Meta | undefined = undefined;
  #controller: AbortController | undefined = undefined;
  /**
   * The asynchronous context in which the call runs, or in which the signal was first read. The signal's
   * listeners run in this context.
   */
  #context: AsyncResource | undefined = undefined;
  #abortedWith: { reason: unknown } | undefined = undefined;

  constructor(id: number, method: string) {
    this.id = id;
    this.method = method;
  }

  get signal(): AbortSignal {
    this.#context ??= new AsyncResource('PIPEWORK_CALL');
    return this.argumentSignal;
  }

  get argumentSignal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortedWith !== undefined) this.#controller.abort(this.#abortedWith.reason);
    }
    return this.#controller.signal;
  }

  /**
   * Must be called where the handler starts. From now on, the listeners of the signals among the arguments
   * run in the current asynchronous context.
   */
  bindSignals(): void {
    if (this.#controller !== undefined) this.#context ??= new AsyncResource('PIPEWORK_CALL');
    if (this.#held !== undefined) for (const reference of this.#held.references) reference.bind?.();
  }

  get remainingMs(): number | undefined {
    const deadlineAt = this.#meta?.deadlineAt;
    return deadlineAt === undefined ? undefined : Math.max(0, deadlineAt - clock());
  }

  get metadata(): Readonly<Record<string, string>> {
    return this.#meta?.metadata ?? noMetadata;
  }

  get isHolding(): boolean {
    return this.#held !== undefined;
  }

  /** The references and streams that the call holds. This object is created on first access. */
  get held(): Held {
    return (this.#held ??= { references: [], streams: [], given: 0 });
  }

  get isStreaming(): boolean {
    return this.#held !== undefined && this.#held.given > 0;
  }

  /**
   * Stores the metadata and the deadline of the call. If the caller sent a deadline, calls `expire` soon after
   * `remainingMs`.
   */
  setMeta(
    metadata: Readonly<Record<string, string>>,
    remainingMs: number | undefined,
    expire: () => void,
  ): void {
    this.#meta = { metadata, deadlineAt: undefined, stopTimer: undefined };
    if (remainingMs === undefined) return;
    this.#meta.deadlineAt = clock() + remainingMs;
    this.#meta.stopTimer = afterPatience(remainingMs + callerFirstMs, expire, false);
  }

  /**
   * Aborts the handler's signal. If the handler reads `signal` for the first time after this, the signal is
   * already aborted. The first reason counts.
   */
  abort(reason: unknown): void {
    if (this.#abortedWith !== undefined) return;
    this.#abortedWith = { reason };
    const controller = this.#controller;
    if (this.#context === undefined) controller?.abort(reason);
    else this.#context.runInAsyncScope(() => controller?.abort(reason));
  }

  /** The reason why the handler's signal aborted; undefined if it has not aborted. */
  get abortReason(): unknown {
    return this.#abortedWith?.reason;
  }

  /** Cancels the call: aborts the handler's signal, and ends the streams in the call's arguments. */
  cancel(reason: unknown): void {
    this.abort(reason);
    const held = this.#held;
    if (held === undefined) return;
    for (const stream of [...held.streams, ...(held.nested ?? [])]) stream.abort(reason);
  }

  /** Stops the deadline's timer, because the call is over. */
  end(): void {
    this.#meta?.stopTimer?.();
  }
}
