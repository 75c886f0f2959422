/** Reads the broker id with which a stream begins. */
import type { RawStream, RawStreamHandler } from '@pipework/mux/lean';
import { PipeworkError } from '../base/errors.ts';

/** How many bytes a broker id has. */
export const idBytes = 4;

/** Told of the streams whose id is read. */
export interface Arrivals {
  /** The stream's id is complete. */
  arrived(stream: RawStream, id: number): void;
  /** The stream ended before it was accepted. `id` is undefined if the id did not arrive. */
  left(stream: RawStream, id: number | undefined): void;
}

/** Reads the first four bytes of a stream, and leaves the rest inside its window for the code that accepts it. */
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
    // Once the id has arrived, the end concerns only the acceptor, who will be told of it too.
    if (this.#missing === 0) return;
    this.#arrivals.left(this.#stream, undefined);
    this.#stream.reset(new PipeworkError('BROKER_NO_ID', 'the stream ended before it brought its broker id'));
  }

  onClose(error: Error | undefined): void {
    // A stream that ended cleanly may still have bytes for its acceptor. One that was reset has nothing any
    // more.
    if (this.#missing > 0 || error !== undefined) this.#arrivals.left(this.#stream, this.#id);
  }
}
