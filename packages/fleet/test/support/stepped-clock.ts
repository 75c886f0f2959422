import type { Clock } from '@pipework/fleet';

/** A clock that stands still until a test moves it. */
export class SteppedClock implements Clock {
  #now = 0;
  readonly #timers = new Set<{ readonly at: number; readonly act: () => void }>();
  /** What each wait was asked for, in milliseconds. */
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

  /** No chance: delays are as long as they can be. */
  random(): number {
    return 1;
  }

  /** How many waits are under way. */
  get waits(): number {
    return this.#timers.size;
  }

  /** Moves on to the next wait's end, and lets it happen. */
  step(): void {
    const [next] = [...this.#timers].toSorted((a, b) => a.at - b.at);
    if (next === undefined) throw new Error('nothing waits');
    this.#timers.delete(next);
    this.#now = Math.max(this.#now, next.at);
    next.act();
  }
}
