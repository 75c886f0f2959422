/**
 * Decides whether a restart follows a failure, and after which delay. Counts failures and attempts. The
 * budget has no I/O and no timer.
 */
import { backoffDelay, type Backoff } from './backoff.ts';
import { countFailure, type Intensity } from './intensity.ts';

/** The limits of restarts. `false` allows no restart. */
export type RestartLimits = (Intensity & Backoff) | false;

export class RestartBudget {
  readonly #limits: RestartLimits;
  readonly #random: () => number;
  #failures: readonly number[] = [];
  /** How many restarts there were since a process was last ready for the whole window. */
  #attempt = 0;

  constructor(limits: RestartLimits, random: () => number) {
    this.#limits = limits;
    this.#random = random;
  }

  /** Times of the failures within the window. */
  get failures(): readonly number[] {
    return this.#failures;
  }

  /**
   * Counts a failure. Returns the reason why no further restart is allowed; undefined if a restart is
   * allowed.
   */
  count(now: number): string | undefined {
    if (this.#limits === false) return 'its option `restart` is false';
    const { failures, mayRestart } = countFailure(this.#failures, now, this.#limits);
    this.#failures = failures;
    if (mayRestart) return undefined;
    const { atMost, withinMs } = this.#limits;
    return `${failures.length} failures within ${withinMs} ms, and restart.atMost is ${atMost}`;
  }

  /**
   * Notes that a process was ready for `readyMs`. If `readyMs` is at least `withinMs`, the delays start again
   * from the shortest.
   */
  credit(readyMs: number): void {
    if (this.#limits !== false && readyMs >= this.#limits.withinMs) this.#attempt = 0;
  }

  /** Returns the delay before the next restart in milliseconds. The following delay is longer. */
  nextDelay(): number {
    return this.delayOf(this.#attempt++);
  }

  /**
   * Returns the delay before attempt number `attempt`, counted from 0, in milliseconds. `Infinity` if no
   * restart is allowed.
   */
  delayOf(attempt: number): number {
    return this.#limits === false ? Infinity : backoffDelay(attempt, this.#limits, this.#random());
  }

  /** Counts an attempt that needs no delay, so that the next delay is longer. */
  skipDelay(): void {
    this.#attempt += 1;
  }

  /** Forgets all failures and attempts, because the user has asked for a new start. */
  reset(): void {
    this.#failures = [];
    this.#attempt = 0;
  }
}
