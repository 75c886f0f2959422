/** The figures that a pool reports. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** Percentiles of the calls' times in milliseconds. All are 0 if there was no call. */
export interface Spread {
  /** Half of the calls took at most this long. */
  readonly p50: number;
  /** 90 of 100 calls took at most this long. */
  readonly p90: number;
  /** 99 of 100 calls took at most this long. */
  readonly p99: number;
  /** The longest time of a call. */
  readonly max: number;
}

/**
 * The length of a period in milliseconds. The figures of a period are kept for one further period. After that
 * they are dropped, because percentiles of all calls since the start would hardly recover from one bad hour.
 */
const periodMs = 60_000;

/**
 * A histogram of the last one to two minutes, made of one histogram for the current period and one for the
 * previous. Values are recorded in the current one, and percentiles come from both.
 */
export class RotatingHistogram {
  readonly #now: () => number;
  #current: RecordableHistogram = createHistogram();
  #previous: RecordableHistogram = createHistogram();
  #since: number;

  constructor(now: () => number) {
    this.#now = now;
    this.#since = now();
  }

  record(ms: number): void {
    this.#rotate();
    // Node's histogram accepts whole numbers from 1 on, so the unit is microseconds.
    this.#current.record(Math.max(1, Math.round(ms * 1_000)));
  }

  spread(): Spread {
    this.#rotate();
    const both = createHistogram();
    both.add(this.#current);
    both.add(this.#previous);
    if (both.count === 0) return { p50: 0, p90: 0, p99: 0, max: 0 };
    const ms = (share: number): number => both.percentile(share) / 1_000;
    return { p50: ms(50), p90: ms(90), p99: ms(99), max: both.max / 1_000 };
  }

  #rotate(): void {
    const now = this.#now();
    if (now - this.#since < periodMs) return;
    this.#previous = now - this.#since < 2 * periodMs ? this.#current : createHistogram();
    this.#current = createHistogram();
    this.#since = now;
  }
}

/** The share of the pool's places that was in use over the last one to two minutes, from 0 to 1. */
export class Utilization {
  readonly #now: () => number;
  readonly #places: number;
  #running = 0;
  #busyMs = 0;
  #previousBusyMs = 0;
  #previousMs = 0;
  #since: number;
  #last: number;

  constructor(now: () => number, places: number) {
    this.#now = now;
    this.#places = places;
    this.#since = now();
    this.#last = this.#since;
  }

  /**
   * Adds `change` to the number of places in use: 1 for a place that a call got, -1 for a place that is free
   * again.
   */
  count(change: 1 | -1): void {
    this.#advance();
    this.#running += change;
  }

  share(): number {
    this.#advance();
    const ms = this.#previousMs + this.#last - this.#since;
    return ms === 0 ? 0 : (this.#previousBusyMs + this.#busyMs) / (ms * this.#places);
  }

  #advance(): void {
    const now = this.#now();
    this.#busyMs += this.#running * (now - this.#last);
    this.#last = now;
    if (now - this.#since < periodMs) return;
    this.#previousBusyMs = this.#busyMs;
    this.#previousMs = now - this.#since;
    this.#busyMs = 0;
    this.#since = now;
  }
}
