/**
 * The items of a stream that have arrived and were not taken yet. Credit for a chunk is granted when the last
 * item of the chunk has been taken.
 */

interface Chunk {
  untaken: number;
  readonly bytes: number;
}

export class ItemQueue {
  readonly #credit: (bytes: number) => void;
  #items: unknown[] = [];
  #taken = 0;
  readonly #chunks: Chunk[] = [];
  /** How many items have been pushed from the chunk that is being read. */
  #arrived = 0;
  #onEmpty: (() => void) | undefined;

  /** When all items of a chunk have been taken, `credit` is called with the chunk's length in bytes. */
  constructor(credit: (bytes: number) => void) {
    this.#credit = credit;
  }

  get length(): number {
    return this.#items.length - this.#taken;
  }

  push(item: unknown): void {
    this.#items.push(item);
    this.#arrived++;
  }

  /**
   * Ends a chunk of this many bytes. The items of the chunk are those that were pushed since the previous
   * chunk. Returns the credit to grant immediately: `bytes` if the chunk brought no item, and otherwise 0.
   */
  endChunk(bytes: number): number {
    const untaken = this.#arrived;
    this.#arrived = 0;
    if (untaken === 0) return bytes;
    this.#chunks.push({ untaken, bytes });
    return 0;
  }

  /** Calls `act` as soon as the queue is empty. No item may be pushed after this call. */
  onceEmpty(act: () => void): void {
    if (this.length === 0) act();
    else this.#onEmpty = act;
  }

  /** Takes the first item. The queue must not be empty. */
  take(): unknown {
    const item = this.#items[this.#taken];
    this.#items[this.#taken++] = undefined;
    if (this.#taken === this.#items.length) {
      this.#items = [];
      this.#taken = 0;
      this.#onEmpty?.();
    } else if (this.#taken === 1024) {
      this.#items = this.#items.slice(1024);
      this.#taken = 0;
    }
    const chunk = this.#chunks[0];
    if (chunk !== undefined && --chunk.untaken === 0) {
      this.#chunks.shift();
      this.#credit(chunk.bytes);
    }
    return item;
  }
}
