/** The last bytes of an output. The host keeps these bytes to explain how the process ended. */

const defaultLimit = 16 * 1024;

/** Keeps the last `limit` bytes that were pushed, in order. */
export class Tail {
  readonly #limit: number;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #isCut = false;

  constructor(limit: number = defaultLimit) {
    this.#limit = limit;
  }

  /** Adds a chunk. The kept part is copied, because the chunk's owner may reuse it. */
  push(chunk: Uint8Array): void {
    const start = Math.max(0, chunk.byteLength - this.#limit);
    if (start > 0) this.#isCut = true;
    this.#chunks.push(Buffer.from(chunk.subarray(start)));
    this.#bytes += chunk.byteLength - start;
    // The chunks are joined only when they hold more than twice the limit, or when there are many. This makes
    // a flood of single bytes cheap.
    if (this.#bytes > 2 * this.#limit || this.#chunks.length > 1024) this.#compact();
  }

  /**
   * Returns the text. The text never begins inside a character. If bytes were cut off, the text begins with
   * `…`.
   */
  toString(): string {
    this.#compact();
    const bytes = this.#chunks[0] ?? Buffer.alloc(0);
    let start = 0;
    while (this.#isCut && start < 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++;
    return (this.#isCut ? '…' : '') + bytes.toString('utf8', start);
  }

  #compact(): void {
    let bytes = Buffer.concat(this.#chunks);
    if (bytes.byteLength > this.#limit) {
      bytes = Buffer.from(bytes.subarray(bytes.byteLength - this.#limit));
      this.#isCut = true;
    }
    this.#chunks = [bytes];
    this.#bytes = bytes.byteLength;
  }
}
