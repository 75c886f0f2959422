/**
 * Turns bytes into frames, however the bytes are split into chunks. A header is kept until its twelve bytes
 * have arrived. Payload is passed on as it arrives and never collected, so a large length field costs no
 * memory.
 */

import { FrameType, HEADER_BYTES, readHeader, type FrameHeader } from './frame.ts';

/** The callbacks of a decoder. */
export interface FrameSink {
  /**
   * A header is complete. The decoder reuses the object, so the callback must copy the fields that it keeps.
   */
  onHeader(header: FrameHeader): void;
  /**
   * Part of the current data frame's payload arrived: `chunk[start..end)`. `isLast` is true if the part has
   * the payload's final byte. For an empty payload there is no call.
   */
  onPayload(chunk: Uint8Array, start: number, end: number, isLast: boolean): void;
}

const nothing = new Uint8Array(0);

export class FrameDecoder {
  readonly #sink: FrameSink;
  readonly #header: FrameHeader = { version: 0, type: 0, flags: 0, streamId: 0, length: 0 };
  readonly #partial = new Uint8Array(HEADER_BYTES);
  #partialBytes = 0;
  /** How many bytes of the current frame's payload have not arrived. */
  #payloadLeft = 0;
  #hasEnded = false;
  /** The chunk being decoded, and how much of it has been decoded. */
  #chunk: Uint8Array = nothing;
  #at = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** True if no frame is incomplete. If the input ends while this is false, a frame was cut off. */
  get isAtBoundary(): boolean {
    return this.#partialBytes === 0 && this.#payloadLeft === 0;
  }

  /** Says in words which part of the current frame is missing. */
  get missing(): string {
    return this.#payloadLeft > 0
      ? `${this.#payloadLeft} bytes of payload`
      : `${HEADER_BYTES - this.#partialBytes} bytes of a header`;
  }

  /** Ignores everything from now on, including the rest of the chunk being decoded. */
  stop(): void {
    this.#hasEnded = true;
  }

  /**
   * Decodes one chunk. If the sink calls `push()` within a callback, the rest of the current chunk is decoded
   * first. This happens if a callback calls `process.exit()`, because the flush at exit pushes the remaining
   * input.
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
      // The position of the next step is stored before the sink is called, because the sink may call push().
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
