/** The items that the consumer of a taken stream gets, and the outcome that it gets after them. */
import { ItemQueue } from './item-queue.ts';
import { done, type Step } from '../sources/stream-source.ts';

/** The end of a stream for its consumer: the last step, or the error. */
export type Outcome = { readonly step: Step } | { readonly error: unknown };

export interface Taker {
  resolve(step: Step): void;
  reject(error: unknown): void;
}

export class TakenItems {
  readonly queue: ItemQueue;
  readonly #waiters: Taker[] = [];
  #outcome: Outcome | undefined;

  /** When all items of a chunk have been taken, `credit` is called with the chunk's length in bytes. */
  constructor(credit: (bytes: number) => void) {
    this.queue = new ItemQueue(credit);
  }

  /** The outcome of the stream; undefined before the end. After the end, the queue may still have items. */
  get outcome(): Outcome | undefined {
    return this.#outcome;
  }

  /**
   * Resolves with the next item, or with the end after the last item. Returns undefined if the consumer must
   * {@link wait}.
   */
  next(): Promise<Step> | undefined {
    if (this.queue.length > 0) return Promise.resolve({ done: false, value: this.queue.take() });
    return this.#outcome === undefined ? undefined : this.end();
  }

  /** True while a call of `next()` waits for an item. */
  get isAwaited(): boolean {
    return this.#waiters.length > 0;
  }

  wait(): Promise<Step> {
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  /**
   * Settles with the stream's outcome. Only the first call reports the value or the error. Later calls
   * resolve with `done`.
   */
  end(): Promise<Step> {
    const outcome = this.#outcome ?? { step: done };
    this.#outcome = { step: done };
    return 'error' in outcome ? Promise.reject(outcome.error) : Promise.resolve(outcome.step);
  }

  /**
   * Ends the stream with this outcome. Returns false if the stream has ended before, because only the first
   * outcome counts.
   */
  settle(outcome: Outcome): boolean {
    if (this.#outcome !== undefined) return false;
    this.#outcome = outcome;
    return true;
  }

  /** Ends the stream with this error, even if it has ended before. */
  abort(error: unknown): void {
    this.#outcome = { error };
  }

  /** Takes the value that the source returned. Returns undefined if there is none, or if the consumer got it. */
  takeReturned(): unknown {
    const outcome = this.#outcome;
    if (outcome === undefined || 'error' in outcome) return undefined;
    this.#outcome = { step: done };
    return outcome.step.value;
  }

  /** Passes the items in the queue, and then the outcome, to the waiting calls of `next()`. */
  serve(): void {
    const waiters = this.#waiters;
    while (waiters.length > 0 && this.queue.length > 0) {
      waiters.shift()!.resolve({ done: false, value: this.queue.take() });
    }
    if (this.#outcome === undefined || this.queue.length > 0) return;
    for (const waiter of waiters.splice(0)) void this.end().then(waiter.resolve, waiter.reject);
  }
}
