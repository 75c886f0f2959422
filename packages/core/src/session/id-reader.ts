/** Reads the broker id with which a stream begins. */
import type { RawStream, RawStreamHandler } from '@pipework/mux/lean';
import { PipeworkError } from '../base/errors.ts';

/** How many bytes a broker id has. */
export const idBytes = 4;

/** The events that an {@link IdReader} reports about its stream. */
export interface Arrivals {
  /** Called when the stream's id is complete. */
  arrived(stream: RawStream, id: number): void;
  /** Called when the stream has ended before it was accepted. `id` is undefined if the id did not arrive. */
  left(stream: RawStream, id: number | undefined): void;
}

/**
 * Reads the first four bytes of a stream, and leaves the rest inside the window for the code that accepts the
 * stream.
 */
export class IdReader implements RawStreamHandler {
  readonly #stream: RawStream;
  readonly #arrivals: Arrivals;
  #id = 0;
  #missing = idBytes;

  constructor(stream: RawStream, arrivals: Arrivals) {
    this.#stream = stream;
    this.#arrivals = arrivals;
  }

  onData(chunk: Uint8Array): void {
    if (this.#missing === 0) return this.#stream.unshift(chunk);
    let taken = 0;
    for (; this.#missing > 0 && taken < chunk.length; taken++, this.#missing--) {
      this.#id = this.#id * 256 + (chunk[taken] ?? 0);
    }
    this.#stream.consume(taken);
    if (this.#missing > 0) return;
    if (taken < chunk.length) this.#stream.unshift(chunk.subarray(taken));
    this.#arrivals.arrived(this.#stream, this.#id);
  }

  onEnd(): void {
    // After the id has arrived, the code that accepts the stream handles the stream's end.
    if (this.#missing === 0) return;
    this.#arrivals.left(this.#stream, undefined);
    this.#stream.reset(new PipeworkError('BROKER_NO_ID', 'the stream ended before it brought its broker id'));
  }

  onClose(error: Error | undefined): void {
    // A stream that ended cleanly may still have bytes to read. A stream that was reset has no more bytes.
    if (this.#missing > 0 || error !== undefined) this.#arrivals.left(this.#stream, this.#id);
  }
}
