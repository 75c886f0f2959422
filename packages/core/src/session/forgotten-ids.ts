/**
 * Broker ids that this side no longer awaits. An id is kept for as long as a peer that does not know this may
 * still dial the id.
 */
import { clock } from '../base/timers.ts';

export class ForgottenIds {
  readonly #keptMs: number;
  /** When each id was forgotten, the oldest first. */
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

  /** Removes an id. Returns true if it was there. */
  delete(id: number): boolean {
    return this.#since.delete(id);
  }
}
