/** Records whether the transport accepts bytes, and reports a transport that accepts none for too long. */

import { DeadlineQueue } from './deadline-queue.ts';
import type { Timers } from './timers.ts';

/** Invariant: the deadline runs exactly while the transport is blocked. */
export class StallWatch {
  #isBlocked = false;
  readonly #deadline: DeadlineQueue<'drain'> | undefined;

  /** Calls `onStalled` if the transport remains blocked for `timeoutMs` milliseconds. 0 is no limit. */
  constructor(timeoutMs: number, onStalled: () => void, timers: Timers) {
    if (timeoutMs > 0) this.#deadline = new DeadlineQueue(timeoutMs, onStalled, timers);
  }

  /** True after a write has filled the transport, until the transport drains. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** Records whether the transport is full. */
  set(isBlocked: boolean): void {
    if (isBlocked) this.#deadline?.add('drain');
    else if (this.#isBlocked) this.#deadline?.delete('drain');
    this.#isBlocked = isBlocked;
  }

  /** Stops watching. */
  stop(): void {
    this.#isBlocked = false;
    this.#deadline?.clear();
  }
}
