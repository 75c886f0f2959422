/** Things that must happen within the same time, in the order they began: one timer for all of them. */

export class DeadlineQueue<T> {
  readonly #durationMs: number;
  readonly #onExpired: (item: T) => void;
  readonly #due = new Map<T, number>();
  #timer: NodeJS.Timeout | undefined;

  /** A duration of 0 only counts: nothing ever expires. */
  constructor(durationMs: number, onExpired: (item: T) => void) {
    this.#durationMs = durationMs;
    this.#onExpired = onExpired;
  }

  get size(): number {
    return this.#due.size;
  }

  add(item: T): void {
    this.#due.set(item, this.#durationMs === 0 ? Infinity : performance.now() + this.#durationMs);
    if (this.#durationMs > 0) this.#timer ??= this.#wait(this.#durationMs);
  }

  /** It happened in time, or does not matter any more. True where it was waited for. */
  delete(item: T): boolean {
    return this.#due.delete(item);
  }

  /** Nothing expires any more. */
  clear(): void {
    this.#due.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  // The timer is left running when its item goes: it finds nothing due, and most items go long before.
  #wait(delayMs: number): NodeJS.Timeout {
    return setTimeout(() => this.#sweep(), delayMs).unref();
  }

  #sweep(): void {
    // The timer that has fired stands for the next one: what is added meanwhile must not start another beside it.
    const now = performance.now();
    for (const [item, due] of this.#due) {
      if (due > now) {
        this.#timer = this.#wait(Math.ceil(due - now));
        return;
      }
      this.#due.delete(item);
      this.#onExpired(item);
    }
    this.#timer = undefined;
  }
}
