import type { Clock } from '@pipework/fleet';

/** A clock that stands still until a test moves the time forward. */
export class SteppedClock implements Clock {
  #now = 0;
  readonly #timers = new Set<{ readonly at: number; readonly act: () => void }>();
  /** The durations of all waits, in milliseconds. */
  readonly asked: number[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, act: () => void): () => void {
    const timer = { at: this.#now + ms, act };
    this.asked.push(ms);
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Returns 1, so that delays are as long as possible. */
  random(): number {
    return 1;
  }

  /** How many waits are under way. */
  get waits(): number {
    return this.#timers.size;
  }

  /** Moves the time forward, and ends no wait. This is what a blocked event loop sees. */
  pass(ms: number): void {
    this.#now += ms;
  }

  /** Moves the clock to the end of the next wait, and ends that wait. */
  step(): void {
    const [next] = [...this.#timers].toSorted((a, b) => a.at - b.at);
    if (next === undefined) throw new Error('nothing waits');
    this.#timers.delete(next);
    this.#now = Math.max(this.#now, next.at);
    next.act();
  }
}
