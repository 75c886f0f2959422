/**
 * Bytes in, frames out, across any split. Nothing is gathered: a header is kept until its twelve bytes are there, a
 * payload is passed on as it comes, so that what a frame claims costs no memory.
 */

import { FrameType, HEADER_BYTES, readHeader, type FrameHeader } from './frame.ts';

/** Who hears of frames. */
export interface FrameSink {
  /** A header is complete. It is reused: copy what you keep. */
  onHeader(header: FrameHeader): void;
  /** Part of the last data frame's payload, `chunk[start..end)`; `isLast` with its final byte. Payloads of length 0 make no call. */
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
  #stopped = false;
  /** The chunk being decoded, and how far. */
  #chunk: Uint8Array = nothing;
  #at = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** True between frames: bytes that end here were not cut short. */
  get isAtBoundary(): boolean {
    return this.#partialBytes === 0 && this.#payloadLeft === 0;
  }

  /** What is missing until the frame that has begun is whole, for messages. */
  get missing(): string {
    return this.#payloadLeft > 0
      ? `${this.#payloadLeft} bytes of payload`
      : `${HEADER_BYTES - this.#partialBytes} bytes of a header`;
  }

  /** Ignores all that comes from now on, also the rest of the chunk being decoded. */
  stop(): void {
    this.#stopped = true;
  }

  /**
   * Decodes one chunk. Called from within the sink, it decodes what is left of the chunk
   * before first: a program that ends in the middle of a call reads on from there.
   */
  push(chunk: Uint8Array): void {
    this.#decodeRest();
    this.#chunk = chunk;
    this.#at = 0;
    this.#decodeRest();
  }

  #decodeRest(): void {
    while (this.#at < this.#chunk.length && !this.#stopped) {
      const chunk = this.#chunk;
      const at = this.#at;
      const left = chunk.length - at;
      // Where the next step begins is settled before the sink is called: it may call push().
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
