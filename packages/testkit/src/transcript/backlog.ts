/**
 * Holds the pieces of bytes that passed on the wire and have not been decoded yet. Keeping a piece takes a
 * tenth of the time that decoding takes. Most pieces are never decoded, because their test passes.
 */
import type { Direction } from './stream-reader.ts';

/** How many bytes the backlog holds at most. */
const mostBytes = 1024 * 1024;
const firstBytes = 4 * 1024;
/**
 * The size of the largest piece that the backlog takes. Pipes do not deliver larger pieces. The transcript
 * would decode a larger piece immediately.
 */
const largestPiece = 64 * 1024;

export class Backlog {
  #bytes = new Uint8Array(0);
  #filled = 0;
  /**
   * The lists have an entry for each piece: the time when it passed, the position of its end, and whether it
   * went to the plugin.
   */
  #times: number[] = [];
  #ends: number[] = [];
  #isToPlugin: boolean[] = [];

  /**
   * Copies a piece. Returns false if the piece is too large, or if the backlog has no room until it is
   * drained.
   */
  add(direction: Direction, bytes: Uint8Array, at: number): boolean {
    const end = this.#filled + bytes.length;
    if (bytes.length > largestPiece || end > mostBytes) return false;
    if (end > this.#bytes.length) this.#grow(end);
    this.#bytes.set(bytes, this.#filled);
    this.#filled = end;
    this.#times.push(at);
    this.#ends.push(end);
    this.#isToPlugin.push(direction === 'toPlugin');
    return true;
  }

  /**
   * Passes every piece to `read`, oldest first, and empties the backlog. The bytes are valid only during the
   * call.
   */
  drain(read: (direction: Direction, bytes: Uint8Array, at: number) => void): void {
    const [times, ends, isToPlugin] = [this.#times, this.#ends, this.#isToPlugin];
    [this.#times, this.#ends, this.#isToPlugin] = [[], [], []];
    this.#filled = 0;
    let start = 0;
    for (const [index, end] of ends.entries()) {
      const direction = isToPlugin[index] === true ? 'toPlugin' : 'toHost';
      read(direction, this.#bytes.subarray(start, end), times[index] ?? 0);
      start = end;
    }
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(Math.min(mostBytes, Math.max(firstBytes, 4 * needed)));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}
