/**
 * Items that must be taken within the same time, in the order in which they were added, with one timer for all.
 *
 * The wait is patient. A process that was blocked or stopped finds its timers due before it has looked at its pipes, and
 * its peer had no chance to answer what had not been sent. So a wait is measured in parts, each of which counts no more
 * than it was meant to last, and what has come is read before an item expires.
 */

import type { Timers } from './timers.ts';

const PARTS = 4;

export class DeadlineQueue<T> {
  readonly #durationMs: number;
  readonly #partMs: number;
  readonly #onExpired: (item: T) => void;
  readonly #timers: Timers;
  /** When each item expires, on the clock of {@link #now}. */
  readonly #due = new Map<T, number>();
  #timer: NodeJS.Timeout | undefined;
  /** When the timer is due on the real clock; Infinity without a timer. */
  #timerDue = Infinity;
  /** True between the timer and the expiry of what is due: the event loop turns, and reads. */
  #isReading = false;
  /** How long the process has stood still, as far as late timers tell. */
  #lostMs = 0;
  #wasBlocked = false;
  #holdsLoop = false;

  /** With a duration of 0 the queue only counts, and no item expires. */
  constructor(durationMs: number, onExpired: (item: T) => void, timers: Timers) {
    this.#durationMs = durationMs;
    this.#partMs = Math.max(1, Math.ceil(durationMs / PARTS));
    this.#onExpired = onExpired;
    this.#timers = timers;
  }

  get size(): number {
    return this.#due.size;
  }

  /** Keeps the event loop alive from now on while an item waits. */
  holdLoop(): void {
    this.#holdsLoop = true;
    if (this.#due.size > 0) this.#timer?.ref();
  }

  /** Adds an item that is not waiting. */
  add(item: T): void {
    this.#due.set(item, this.#durationMs === 0 ? Infinity : this.#now() + this.#durationMs);
    if (this.#durationMs === 0 || this.#isReading) return;
    if (this.#timer === undefined) this.#wait(this.#partMs);
    else if (this.#holdsLoop) this.#timer.ref();
  }

  /** Takes an item off the queue. Returns true if it was waiting. */
  delete(item: T): boolean {
    // The timer stays. Most items are deleted long before it is due, and then it finds nothing.
    if (!this.#due.delete(item)) return false;
    if (this.#due.size === 0 && this.#holdsLoop) this.#timer?.unref();
    return true;
  }

  /** Takes every item off the queue. */
  clear(): void {
    this.#due.clear();
    this.#timers.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerDue = Infinity;
  }

  /** Returns the time in milliseconds on a clock that stands still while the process does. */
  #now(): number {
    const now = this.#timers.performance.now();
    if (now > this.#timerDue) {
      this.#lostMs += now - this.#timerDue;
      this.#timerDue = now;
    }
    return now - this.#lostMs;
  }

  #wait(delayMs: number): void {
    this.#timer = this.#timers.setTimeout(() => this.#onTimer(), delayMs);
    if (!this.#holdsLoop) this.#timer.unref();
    this.#timerDue = this.#timers.performance.now() + delayMs;
  }

  #onTimer(): void {
    const lostBefore = this.#lostMs;
    this.#now();
    // A block of a whole part and more left no time to send and to be answered: the part counts for nothing, once.
    const isBlocked = this.#lostMs - lostBefore > this.#partMs;
    if (isBlocked && !this.#wasBlocked) this.#lostMs += this.#partMs;
    this.#wasBlocked = isBlocked;
    this.#timer = undefined;
    this.#timerDue = Infinity;
    const { value: first } = this.#due.values().next();
    if (first === undefined) return;
    const left = first - this.#now();
    if (left > 0) {
      this.#wait(Math.min(this.#partMs, Math.ceil(left)));
      return;
    }
    // The first turn reads what the system has, the second what a stream in between has passed on.
    this.#isReading = true;
    this.#timers.setImmediate(() => this.#timers.setImmediate(() => this.#expire()));
  }

  #expire(): void {
    const now = this.#now();
    for (const [item, due] of this.#due) {
      if (due > now) break;
      this.#due.delete(item);
      this.#onExpired(item);
    }
    this.#isReading = false;
    const { value: next } = this.#due.values().next();
    if (next !== undefined) this.#wait(Math.min(this.#partMs, Math.max(1, Math.ceil(next - now))));
  }
}
