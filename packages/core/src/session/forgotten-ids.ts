/**
 * Broker ids that this side no longer awaits. Each id is kept for a while, because the peer may still dial
 * it.
 */
import { clock } from '../base/timers.ts';

export class ForgottenIds {
  readonly #keptMs: number;
  /** The time at which each id was forgotten, the oldest first. */
  readonly #since = new Map<number, number>();

  /** `keptMs` is how long an id is remembered. */
  constructor(keptMs: number) {
    this.#keptMs = keptMs;
  }

  add(id: number): void {
    const now = clock();
    for (const [old, since] of this.#since) {
      if (now - since < this.#keptMs) break;
      this.#since.delete(old);
    }
    this.#since.set(id, now);
  }

  has(id: number): boolean {
    return this.#since.has(id);
  }

  /** Removes an id. Returns true if the id was still kept. */
  delete(id: number): boolean {
    return this.#since.delete(id);
  }
}
