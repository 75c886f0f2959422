/** Flow control of one stream: a class for each direction. Neither class deals with frames. */

import { INITIAL_WINDOW, MAX_UINT32 } from './frame.ts';

/** The bytes that the peer has promised to accept. Invariant: 0 ≤ available ≤ 2^32 - 1. */
export class SendWindow {
  #available = INITIAL_WINDOW;

  /** How many bytes may be sent now. */
  get available(): number {
    return this.#available;
  }

  /** Subtracts the sent bytes from the window. Throws if the window has fewer bytes available. */
  consume(bytes: number): void {
    if (bytes > this.#available) throw new RangeError(`${bytes} bytes for a window of ${this.#available}`);
    this.#available -= bytes;
  }

  /**
   * Adds the credit that the peer grants. If the sum does not fit into 32 bits, changes nothing and returns
   * false.
   */
  grant(delta: number): boolean {
    if (this.#available + delta > MAX_UINT32) return false;
    this.#available += delta;
    return true;
  }
}

/**
 * The bytes that we have promised to accept. `promised` is how many more bytes the peer may send. `held` is
 * how many bytes have arrived and were not taken by the application. Invariant: promised + held ≤ size, and
 * both ≥ 0.
 */
export class ReceiveWindow {
  #size = INITIAL_WINDOW;
  #promised = INITIAL_WINDOW;
  #held = 0;

  /** The most bytes that this stream may hold. */
  get size(): number {
    return this.#size;
  }

  /** How many bytes the peer may still send. */
  get promised(): number {
    return this.#promised;
  }

  /** How many bytes have arrived that the application has not taken. */
  get held(): number {
    return this.#held;
  }

  /**
   * Counts a data frame of `bytes` bytes. If that is more than was promised, returns false and counts
   * nothing.
   */
  accept(bytes: number): boolean {
    if (bytes > this.#promised) return false;
    this.#promised -= bytes;
    this.#held += bytes;
    return true;
  }

  /** Makes the window larger, never smaller. The next {@link grantAll} announces the growth. */
  grow(size: number): void {
    this.#size = Math.max(this.#size, size);
  }

  /**
   * Counts bytes that the application took. Returns the credit to grant now, or 0. The returned credit counts
   * as promised from then on.
   */
  release(bytes: number): number {
    if (bytes > this.#held) throw new RangeError(`${bytes} bytes taken of ${this.#held} held`);
    this.#held -= bytes;
    // Credit is granted as soon as half a window is due, as in the reference implementation. So one window
    // update serves many reads, and the sender does not run out of credit between two updates.
    return this.#size - this.#promised - this.#held >= this.#size / 2 ? this.grantAll() : 0;
  }

  /** Returns all the credit that can be granted, however little, and counts it as promised. */
  grantAll(): number {
    const delta = this.#size - this.#promised - this.#held;
    this.#promised += delta;
    return delta;
  }
}
