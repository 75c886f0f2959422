/**
 * A queue of items that expire if they are not removed in time. All items have the same time limit, so they
 * expire in the order in which they were added, and one timer serves all of them.
 *
 * The queue allows for a process that was blocked or stopped. When such a process continues, its timers fire
 * before it has read its pipes. Perhaps it had not even sent its message, so that the peer had nothing to
 * answer. For these reasons a wait is measured in parts, and a part never counts for more than its intended
 * length. Before an item expires, the queue lets the process read what has arrived.
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
  /**
   * True from the moment the timer fires until the due items expire. Meanwhile the event loop reads what has
   * arrived.
   */
  #isReading = false;
  /** How long the process has been blocked in total, judged by timers that fired late. */
  #lostMs = 0;
  #wasBlocked = false;
  #holdsLoop = false;

  /** With a duration of 0 the queue only counts its items, and no item expires. */
  constructor(durationMs: number, onExpired: (item: T) => void, timers: Timers) {
    this.#durationMs = durationMs;
    this.#partMs = Math.max(1, Math.ceil(durationMs / PARTS));
    this.#onExpired = onExpired;
    this.#timers = timers;
  }

  get size(): number {
    return this.#due.size;
  }

  /** From now on, the queue keeps the event loop alive while it holds an item. */
  holdLoop(): void {
    this.#holdsLoop = true;
    if (this.#due.size > 0) this.#timer?.ref();
  }

  /** Adds an item, which must not be in the queue already. */
  add(item: T): void {
    this.#due.set(item, this.#durationMs === 0 ? Infinity : this.#now() + this.#durationMs);
    if (this.#durationMs === 0 || this.#isReading) return;
    if (this.#timer === undefined) this.#wait(this.#partMs);
    else if (this.#holdsLoop) this.#timer.ref();
  }

  /** Takes an item off the queue. Returns true if the item was waiting. */
  delete(item: T): boolean {
    // The timer is not cleared. Most items are deleted long before the timer is due, and the timer then finds
    // nothing to expire.
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

  /** Returns milliseconds on a clock that stops while the process is blocked. */
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
    // If the process was blocked for a whole part or longer, it had no time to send a message and read the
    // answer. That part does not count, unless the part before it was blocked too.
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
    // The first turn of the event loop reads what the system has buffered. If the transport wraps another
    // stream, the second turn reads the bytes that the wrapped stream has passed on.
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
