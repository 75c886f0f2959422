/**
 * Holds a limited number of calls that wait for a ready process, in order. A call stops waiting when a
 * process is ready, the call's signal aborts, its deadline passes, or the supervisor ends.
 */
import type { Clock } from '../clock.ts';
import { onAbort } from './on-abort.ts';
import { markUnsent } from './unsent.ts';

export interface WaitLimits {
  readonly signal: AbortSignal | undefined;
  /** Milliseconds until the call's own deadline. */
  readonly remainingMs: number | undefined;
}

interface ProcessWaiter<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
  readonly stopWatching: () => void;
}

export class WaitingCalls<T> {
  readonly #max: number;
  readonly #clock: Clock;
  readonly #makeOverloaded: (waiting: number) => Error;
  readonly #makeLate: () => Error;
  readonly #waiters = new Set<ProcessWaiter<T>>();

  constructor(
    max: number,
    clock: Clock,
    errors: { readonly overloaded: (waiting: number) => Error; readonly late: () => Error },
  ) {
    this.#max = max;
    this.#clock = clock;
    this.#makeOverloaded = errors.overloaded;
    this.#makeLate = errors.late;
  }

  get size(): number {
    return this.#waiters.size;
  }

  /**
   * Resolves with the value that {@link release} receives. Rejects with the signal's reason when `signal`
   * aborts. Rejects with other errors after `remainingMs`, or immediately if too many calls wait already.
   */
  wait({ signal, remainingMs }: WaitLimits): Promise<T> {
    if (signal?.aborted === true) return Promise.reject(markUnsent(signal.reason as Error));
    if (remainingMs !== undefined && remainingMs <= 0) return Promise.reject(this.#makeLate());
    if (this.#waiters.size >= this.#max) return Promise.reject(this.#makeOverloaded(this.#waiters.size));
    return new Promise<T>((resolve, reject) => {
      const leave = (error: unknown): void => {
        if (!this.#waiters.delete(waiter)) return;
        waiter.stopWatching();
        reject(error);
      };
      const stopListening = onAbort(signal, () => leave(markUnsent(signal?.reason)));
      const cancel =
        remainingMs === undefined ? () => {} : this.#clock.after(remainingMs, () => leave(this.#makeLate()));
      const waiter: ProcessWaiter<T> = {
        resolve,
        reject,
        stopWatching: () => {
          stopListening();
          cancel();
        },
      };
      this.#waiters.add(waiter);
    });
  }

  /** Resolves all waiting calls with `value`, in the order in which they came. */
  release(value: T): void {
    for (const waiter of this.#take()) waiter.resolve(value);
  }

  /** Fails every waiting call. `makeError` makes an error for each call. */
  fail(makeError: () => Error): void {
    for (const waiter of this.#take()) waiter.reject(makeError());
  }

  #take(): ProcessWaiter<T>[] {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const waiter of waiters) waiter.stopWatching();
    return waiters;
  }
}
