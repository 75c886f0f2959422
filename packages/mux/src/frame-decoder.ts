/**
 * Bytes in, frames out, across any split. A header is kept until its twelve bytes are there. A payload is passed on as it
 * comes and never gathered, so that what a frame claims costs no memory.
 */

import { FrameType, HEADER_BYTES, readHeader, type FrameHeader } from './frame.ts';

/** The callbacks of a decoder. */
export interface FrameSink {
  /** A header is complete. The object is reused: copy what you keep. */
  onHeader(header: FrameHeader): void;
  /**
   * Part of the last data frame's payload came: `chunk[start..end)`. `isLast` is true with its final byte. A payload of
   * length 0 makes no call.
   */
  onPayload(chunk: Uint8Array, start: number, end: number, isLast: boolean): void;
}

const nothing = new Uint8Array(0);

export class FrameDecoder {
  readonly #sink: FrameSink;
  readonly #header: FrameHeader = { version: 0, type: 0, flags: 0, streamId: 0, length: 0 };
  readonly #partial = new Uint8Array(HEADER_BYTES);
  #partialBytes = 0;
  /** Bytes of the current frame's payload that are still to come. */
  #payloadLeft = 0;
  #hasEnded = false;
  /** The chunk being decoded, and how much of it has been. */
  #chunk: Uint8Array = nothing;
  #at = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** True between frames, where the bytes may end. */
  get isAtBoundary(): boolean {
    return this.#partialBytes === 0 && this.#payloadLeft === 0;
  }

  /** What the frame that has begun still lacks, in words. */
  get missing(): string {
    return this.#payloadLeft > 0
      ? `${this.#payloadLeft} bytes of payload`
      : `${HEADER_BYTES - this.#partialBytes} bytes of a header`;
  }

  /** Ignores everything from now on, the rest of the chunk being decoded included. */
  stop(): void {
    this.#hasEnded = true;
  }

  /**
   * Decodes one chunk. If it is called from within the sink, it decodes the rest of the chunk before first: a program that
   * ends in the middle of a callback reads on from there.
   */
  push(chunk: Uint8Array): void {
    this.#decodeRest();
    this.#chunk = chunk;
    this.#at = 0;
    this.#decodeRest();
  }

  #decodeRest(): void {
    while (this.#at < this.#chunk.length && !this.#hasEnded) {
      const chunk = this.#chunk;
      const at = this.#at;
      const left = chunk.length - at;
      // The position of the next step is stored before the sink is called, because that may call push().
      if (this.#payloadLeft > 0) {
        const bytes = Math.min(left, this.#payloadLeft);
        this.#payloadLeft -= bytes;
        this.#at = at + bytes;
        this.#sink.onPayload(chunk, at, at + bytes, this.#payloadLeft === 0);
      } else if (this.#partialBytes === 0 && left >= HEADER_BYTES) {
        this.#at = at + HEADER_BYTES;
        this.#begin(chunk, at);
      } else {
        this.#gather(chunk, at);
      }
    }
    this.#chunk = nothing;
    this.#at = 0;
  }

  #gather(chunk: Uint8Array, at: number): void {
    const end = Math.min(chunk.length, at + HEADER_BYTES - this.#partialBytes);
    this.#partial.set(chunk.subarray(at, end), this.#partialBytes);
    this.#partialBytes += end - at;
    this.#at = end;
    if (this.#partialBytes < HEADER_BYTES) return;
    this.#partialBytes = 0;
    this.#begin(this.#partial, 0);
  }

  #begin(source: Uint8Array, offset: number): void {
    const header = readHeader(source, offset, this.#header);
    if (header.type === FrameType.Data) this.#payloadLeft = header.length;
    this.#sink.onHeader(header);
  }
}
