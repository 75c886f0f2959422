/**
 * Bytes in, frames out, across any split. Nothing is gathered: a header is kept until its twelve bytes are there, a
 * payload is passed on as it comes, so that what a frame claims costs no memory.
 */

import { FrameType, HEADER_BYTES, readHeader, type FrameHeader } from './frame.ts';

/** Who hears of frames. */
export interface FrameSink {
  /** A header is complete. It is reused: copy what you keep. */
  onHeader(header: FrameHeader): void;
  /** Part of the last data frame's payload; `isLast` with its final byte. Payloads of length 0 make no call. */
  onPayload(part: Uint8Array, isLast: boolean): void;
}

export class FrameDecoder {
  readonly #sink: FrameSink;
  readonly #header: FrameHeader = { version: 0, type: 0, flags: 0, streamId: 0, length: 0 };
  readonly #partial = new Uint8Array(HEADER_BYTES);
  #partialBytes = 0;
  /** Bytes of the current frame's payload that are still to come. */
  #payloadLeft = 0;
  #stopped = false;

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

  /** Decodes one chunk. Parts of payloads are views of it. */
  push(chunk: Uint8Array): void {
    const size = chunk.length;
    let at = 0;
    while (at < size && !this.#stopped) {
      if (this.#payloadLeft > 0) {
        const end = Math.min(size, at + this.#payloadLeft);
        this.#payloadLeft -= end - at;
        this.#sink.onPayload(
          at === 0 && end === size ? chunk : chunk.subarray(at, end),
          this.#payloadLeft === 0,
        );
        at = end;
      } else if (this.#partialBytes === 0 && size - at >= HEADER_BYTES) {
        this.#begin(chunk, at);
        at += HEADER_BYTES;
      } else {
        at = this.#gather(chunk, at);
      }
    }
  }

  #gather(chunk: Uint8Array, at: number): number {
    const end = Math.min(chunk.length, at + HEADER_BYTES - this.#partialBytes);
    this.#partial.set(chunk.subarray(at, end), this.#partialBytes);
    this.#partialBytes += end - at;
    if (this.#partialBytes === HEADER_BYTES) {
      this.#partialBytes = 0;
      this.#begin(this.#partial, 0);
    }
    return end;
  }

  #begin(source: Uint8Array, offset: number): void {
    const header = readHeader(source, offset, this.#header);
    if (header.type === FrameType.Data) this.#payloadLeft = header.length;
    this.#sink.onHeader(header);
  }
}
