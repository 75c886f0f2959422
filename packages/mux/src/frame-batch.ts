/**
 * The frames that are sent in one write. Headers and small payloads are stored one after another in one block
 * of memory. Large payloads are kept by reference. The writer decides when the frames are sent.
 */

import { FrameType, HEADER_BYTES, writeHeader, writeLength } from './frame.ts';

/**
 * Up to this length, a loop copies the bytes. A native copy needs a view, and the view costs more (0.05 µs).
 */
const LOOP_LIMIT = 64;
/**
 * The maximum length of our data frames. No peer refuses frames of this length. The limit also keeps one
 * stream from occupying the pipe for long.
 */
export const MAX_FRAME: number = 64 * 1024;
/** The size of the blocks that headers and small payloads are written to. */
const BLOCK_BYTES = MAX_FRAME;

/**
 * Called for each frame as soon as the frame is complete. At that moment the batch may be about to append the
 * next frame, so the callback must not write.
 */
export type OnFrame = (type: number, flags: number, streamId: number, length: number) => void;

/**
 * Invariant: the batch consists of `#parts`, then the bytes of the block from `#from` to `#to`. `bytes` is
 * the length of all these together. A growing frame is the last one in the block, and only its length field
 * is not final yet.
 */
export class FrameBatch {
  readonly #onFrame: OnFrame;
  #parts: Uint8Array[] = [];
  #bytes = 0;
  #block: Uint8Array = new Uint8Array(0);
  #from = 0;
  #to = 0;
  /**
   * The stream whose data frame is growing; 0 if there is none. A frame grows until another frame is
   * appended.
   */
  #growing = 0;
  #growingAt = 0;
  #growingLength = 0;

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  /** How many bytes the batch holds. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Appends a frame without payload. */
  control(type: number, flags: number, streamId: number, length: number): void {
    this.#header(type, flags, streamId, length);
    this.#onFrame(type, flags, streamId, length);
  }

  /**
   * Appends a copy of `source[start..end)` to the stream's growing frame, or as a new frame. The range is at
   * most half of {@link MAX_FRAME} long.
   */
  copy(streamId: number, source: Uint8Array, start: number, end: number): void {
    const bytes = end - start;
    // No frame grows beyond MAX_FRAME, because the block has only that many bytes.
    if (this.#growing === streamId && this.#to + bytes <= this.#block.length) {
      this.#growingLength += bytes;
    } else {
      this.#beginGrowing(streamId, bytes);
    }
    const block = this.#block;
    if (bytes > LOOP_LIMIT) {
      block.set(start === 0 && end === source.length ? source : source.subarray(start, end), this.#to);
    } else {
      for (let from = start, to = this.#to; from < end; from++, to++) block[to] = source[from]!;
    }
    this.#to += bytes;
    this.#bytes += bytes;
  }

  /**
   * Appends a data frame with `chunk` as its payload, by reference. The chunk has at most {@link MAX_FRAME}
   * bytes.
   */
  reference(streamId: number, chunk: Uint8Array): void {
    const { length } = chunk;
    this.#header(FrameType.Data, 0, streamId, length);
    this.#onFrame(FrameType.Data, 0, streamId, length);
    this.#seal();
    this.#parts.push(chunk);
    this.#bytes += length;
  }

  /** Completes and reports the growing frame, if there is one. */
  complete(): void {
    if (this.#growing === 0) return;
    writeLength(this.#block, this.#growingAt, this.#growingLength);
    this.#onFrame(FrameType.Data, 0, this.#growing, this.#growingLength);
    this.#growing = 0;
    this.#growingLength = 0;
  }

  /**
   * If all bytes of the batch are in the block, takes them and returns them as one piece. Otherwise returns
   * undefined. One piece is the usual case, and needs no list of pieces.
   */
  takeWhole(): Uint8Array | undefined {
    if (this.#parts.length > 0) return undefined;
    this.complete();
    const whole = this.#block.subarray(this.#from, this.#to);
    this.#from = this.#to;
    this.#bytes = 0;
    return whole;
  }

  /** Takes all bytes of the batch, and returns them as pieces in order. */
  takeParts(): Uint8Array[] {
    this.#seal();
    const parts = this.#parts;
    this.#parts = [];
    this.#bytes = 0;
    return parts;
  }

  /**
   * Starts writing at the block's beginning again. The batch must be empty, and all bytes that were taken
   * from it must have been sent.
   */
  reuseBlock(): void {
    this.#from = this.#to = 0;
  }

  /** Drops everything. */
  clear(): void {
    this.#growing = 0;
    this.#growingLength = 0;
    this.#parts = [];
    this.#bytes = 0;
    this.#block = new Uint8Array(0);
    this.#from = this.#to = 0;
  }

  #header(type: number, flags: number, streamId: number, length: number): void {
    this.complete();
    if (this.#to + HEADER_BYTES > this.#block.length) this.#newBlock();
    writeHeader(this.#block, this.#to, type, flags, streamId, length);
    this.#to += HEADER_BYTES;
    this.#bytes += HEADER_BYTES;
  }

  #beginGrowing(streamId: number, bytes: number): void {
    this.complete();
    if (this.#to + HEADER_BYTES + bytes > this.#block.length) this.#newBlock();
    this.#growing = streamId;
    this.#growingAt = this.#to;
    this.#growingLength = bytes;
    writeHeader(this.#block, this.#to, FrameType.Data, 0, streamId, bytes);
    this.#to += HEADER_BYTES;
    this.#bytes += HEADER_BYTES;
  }

  /** Adds a part with the bytes of the block that belong to no part yet. */
  #seal(): void {
    this.complete();
    if (this.#to === this.#from) return;
    this.#parts.push(this.#block.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }

  #newBlock(): void {
    this.#seal();
    this.#block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    this.#from = 0;
    this.#to = 0;
  }
}
