/** Flow control of one stream, one class for each direction. Knows nothing of frames. */

import { INITIAL_WINDOW, MAX_UINT32 } from './frame.ts';

/** What the peer has promised to take. Invariant: 0 ≤ available ≤ 2^32 - 1. */
export class SendWindow {
  #available = INITIAL_WINDOW;

  /** Bytes that may be sent now. */
  get available(): number {
    return this.#available;
  }

  /** Bytes were sent: no more than were available. */
  consume(bytes: number): void {
    if (bytes > this.#available) throw new RangeError(`${bytes} bytes for a window of ${this.#available}`);
    this.#available -= bytes;
  }

  /** The peer grants more. False, and nothing changes, where the sum would not fit 32 bits. */
  grant(delta: number): boolean {
    if (this.#available + delta > MAX_UINT32) return false;
    this.#available += delta;
    return true;
  }
}

/**
 * What we have promised to take. `promised` is what the peer may still send, `held` what it sent and the application has
 * not taken. Invariant: promised + held ≤ size, and both ≥ 0.
 */
export class ReceiveWindow {
  #size = INITIAL_WINDOW;
  #promised = INITIAL_WINDOW;
  #held = 0;

  /** The most this stream may hold. */
  get size(): number {
    return this.#size;
  }

  /** Bytes the peer may still send. */
  get promised(): number {
    return this.#promised;
  }

  /** Bytes that came and were not taken. */
  get held(): number {
    return this.#held;
  }

  /** A data frame of this length came. False where the peer broke its promise. */
  accept(bytes: number): boolean {
    if (bytes > this.#promised) return false;
    this.#promised -= bytes;
    this.#held += bytes;
    return true;
  }

  /** Makes the window larger from now on; the next {@link grantAll} announces it. Never smaller. */
  grow(size: number): void {
    this.#size = Math.max(this.#size, size);
  }

  /** The application took bytes. Returns the credit worth a frame now, already counted as promised, or 0. */
  release(bytes: number): number {
    if (bytes > this.#held) throw new RangeError(`${bytes} bytes taken of ${this.#held} held`);
    this.#held -= bytes;
    // Half a window, as the reference has it: one frame for many reads, and the sender never runs dry between them.
    return this.#size - this.#promised - this.#held >= this.#size / 2 ? this.grantAll() : 0;
  }

  /** All the credit there is to give, however little, already counted as promised. */
  grantAll(): number {
    const delta = this.#size - this.#promised - this.#held;
    this.#promised += delta;
    return delta;
  }
}
