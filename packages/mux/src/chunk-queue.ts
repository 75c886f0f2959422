/** A first-in-first-out queue of bytes, kept as chunks. Nothing is ever concatenated; small chunks share a block. */

/**
 * Chunks smaller than this are copied into shared blocks. One `Uint8Array` then holds many chunks, and no
 * small view keeps a large buffer alive.
 */
const SMALL = 16 * 1024;
const BLOCK = 16 * 1024;
const FIRST_BLOCK = 1024;
/** Replaces a taken chunk in the list. */
const NOTHING = new Uint8Array(0);

/**
 * Bytes in order. The queue's memory is at most four times its bytes, plus one block. A chunk that is kept by
 * reference has at least 16 KiB, usually of a buffer of 64 KiB. All other chunks are copied.
 */
export class ChunkQueue {
  #chunks: Uint8Array[] = [];
  #head = 0;
  #length = 0;
  /** The block that holds the last chunk; undefined if the block is full. */
  #block: Uint8Array | undefined;
  #blockUsed = 0;

  /** How many bytes are queued. */
  get length(): number {
    return this.#length;
  }

  /** How many chunks are queued. Each chunk costs an object, in addition to its bytes. */
  get chunkCount(): number {
    return this.#chunks.length - this.#head;
  }

  /**
   * Appends bytes. Large chunks are kept by reference, so the caller must not change the bytes afterwards.
   */
  push(chunk: Uint8Array): void {
    if (chunk.length < SMALL) {
      this.pushCopy(chunk, 0, chunk.length);
    } else {
      this.pushReference(chunk);
    }
  }

  /** Appends bytes without a copy, whatever their size. The caller must not change them afterwards. */
  pushReference(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#block = undefined;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** Appends a copy of `source[start..end)`. */
  pushCopy(source: Uint8Array, start: number, end: number): void {
    let from = start;
    while (from < end) {
      const block = this.#block ?? this.#newBlock(end - from);
      const bytes = Math.min(end - from, block.length - this.#blockUsed);
      block.set(source.subarray(from, from + bytes), this.#blockUsed);
      this.#extendLast(block, bytes);
      from += bytes;
    }
  }

  /** Puts a copy of the bytes in front of all others. */
  unshift(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#dropTaken();
    this.#chunks.unshift(Buffer.from(chunk));
    this.#length += chunk.length;
  }

  /**
   * Removes and returns the first chunk, or only its first `limit` bytes if the chunk is longer. Returns
   * undefined if nothing is queued.
   */
  shift(limit: number = Infinity): Uint8Array | undefined {
    const chunk = this.#chunks[this.#head];
    if (chunk === undefined) return undefined;
    if (chunk.length > limit) {
      this.#chunks[this.#head] = chunk.subarray(limit);
      this.#length -= limit;
      return chunk.subarray(0, limit);
    }
    // The list is compacted only after 1024 chunks were taken. Meanwhile the list must not keep taken chunks
    // alive. An earlier version kept them alive, and a queue that was never empty held 64 MiB.
    this.#chunks[this.#head] = NOTHING;
    this.#head += 1;
    this.#length -= chunk.length;
    if (this.#head === this.#chunks.length) this.clear();
    else if (this.#head > 1024) this.#dropTaken();
    return chunk;
  }

  /** Drops everything. */
  clear(): void {
    if (this.#chunks.length > 0) this.#chunks = [];
    this.#head = 0;
    this.#length = 0;
    this.#block = undefined;
  }

  #newBlock(wanted: number): Uint8Array {
    // A queue that only ever gets a few bytes should not cost a whole block.
    const size = Math.min(BLOCK, Math.max(wanted, this.#length, FIRST_BLOCK));
    this.#block = Buffer.allocUnsafeSlow(size);
    this.#blockUsed = 0;
    return this.#block;
  }

  #extendLast(block: Uint8Array, bytes: number): void {
    const last = this.#chunks.at(-1);
    const start = this.#blockUsed;
    this.#blockUsed += bytes;
    this.#length += bytes;
    if (last !== undefined && start > 0 && last.buffer === block.buffer && this.#chunks.length > this.#head) {
      const first = last.byteOffset - block.byteOffset;
      this.#chunks[this.#chunks.length - 1] = block.subarray(first, this.#blockUsed);
    } else {
      this.#chunks.push(block.subarray(start, this.#blockUsed));
    }
    if (this.#blockUsed === block.length) this.#block = undefined;
  }

  #dropTaken(): void {
    this.#chunks.splice(0, this.#head);
    this.#head = 0;
  }
}
