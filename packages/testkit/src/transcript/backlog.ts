/** Pieces that went past and have not been read yet. To keep a piece costs a tenth of reading it, and most are never read: their test passes. */
import type { Direction } from './stream-reader.ts';

/** What is kept at most before it is read, in bytes. */
const mostBytes = 1024 * 1024;
const firstBytes = 4 * 1024;
/** Larger pieces are read at once. No pipe gives larger ones. */
const largestPiece = 64 * 1024;

export class Backlog {
  #bytes = new Uint8Array(0);
  #filled = 0;
  /** For each piece: when it was seen, where it ends, and whether it went to the plugin. */
  #times: number[] = [];
  #ends: number[] = [];
  #isToPlugin: boolean[] = [];

  /** Copies a piece. Returns false if it is too large, or if there is no room until the backlog was read. */
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

  /** Hands on every piece, oldest first, and is empty then. The bytes are valid during the call only. */
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
