/** One call of a pool's remote, from the moment when it is made until it is settled. */
import { AsyncResource } from 'node:async_hooks';
import type { CallOptions } from '@pipework/core';
import { signalOf } from '../calls/forward.ts';
import { onAbort } from '../calls/on-abort.ts';
import { markUnsent } from '../calls/unsent.ts';
import { TimeLimit, type Clock } from '../clock.ts';
import type { PoolCallOptions } from './options.ts';
import type { Job } from './schedule.ts';

/** The request of a caller: a method of a remote, with arguments and options. */
export interface Asked<P> {
  /** The identity of the user's remote. */
  readonly owner: object;
  readonly name: keyof P & string;
  readonly method: string;
  readonly args: unknown[];
  readonly options: PoolCallOptions | undefined;
}

export class PoolCall<P> implements Job {
  readonly asked: Asked<P>;
  readonly sequence: number;
  readonly affinity: string | undefined = undefined;
  readonly priority: number = 0;
  /** True while the call is in the queue. */
  isWaiting = false;
  readonly queuedAt: number;
  /** The signal by which the caller can abort the call. */
  readonly signal: AbortSignal | undefined;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly #clock: Clock;
  /** The options without `affinity` and `priority`; undefined if the caller passed no options. */
  readonly #options: CallOptions | undefined = undefined;
  readonly #deadline: TimeLimit | undefined = undefined;
  #stopWatching = (): void => {};
  /**
   * The asynchronous context in which the call was made; undefined if the call never waited. A call that
   * waited is sent when another call ends, and must not run in the context of the other call.
   */
  #context: AsyncResource | undefined;

  constructor(
    asked: Asked<P>,
    sequence: number,
    clock: Clock,
    { resolve, reject }: Pick<PoolCall<P>, 'resolve' | 'reject'>,
  ) {
    this.asked = asked;
    this.sequence = sequence;
    this.#clock = clock;
    this.resolve = resolve;
    this.reject = reject;
    this.queuedAt = clock.now();
    const { options } = asked;
    this.signal = signalOf(asked.args, options);
    if (options === undefined) return;
    const { affinity, priority = 0, ...rest } = options;
    this.affinity = affinity;
    this.priority = priority;
    this.#options = rest;
    this.#deadline = rest.deadlineMs === undefined ? undefined : new TimeLimit(clock, rest.deadlineMs);
  }

  /** Core's options, with the time that is left until the call's deadline. */
  get remainingOptions(): CallOptions | undefined {
    if (this.#deadline === undefined) return this.#options;
    return { ...this.#options, deadlineMs: Math.max(1, this.#deadline.leftMs) };
  }

  /**
   * Watches a waiting call. Calls `leave` once if the call's signal aborts or its deadline passes before
   * {@link stopWaiting} is called.
   */
  watch(leave: (error: unknown) => void, makeLate: () => Error): void {
    this.#context ??= new AsyncResource('PIPEWORK_POOL_CALL');
    const { signal } = this;
    if (signal === undefined && this.#deadline === undefined) return;
    const stopListening = onAbort(signal, () => leave(markUnsent(signal?.reason)));
    const cancel =
      this.#deadline === undefined
        ? () => {}
        : this.#clock.after(this.#deadline.leftMs, () => leave(makeLate()));
    this.#stopWatching = () => {
      stopListening();
      cancel();
    };
  }

  /** Runs `act` in the asynchronous context in which the call was made. */
  inContext<T>(act: () => T): T {
    return this.#context === undefined ? act() : this.#context.runInAsyncScope(act);
  }

  stopWaiting(): void {
    this.isWaiting = false;
    this.#stopWatching();
  }
}
