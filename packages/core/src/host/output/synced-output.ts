/** One synced output on the host's side: a stream of the session, handed to the user's sink. */

import type { RawStream, RawStreamHandler } from '@pipework/mux/lean';
import type { SinkWriter } from './sinks.ts';
import type { Tail } from './tail.ts';

/**
 * Hands bytes to the sink in the moment they arrive, so that what a handler printed is there before its reply settles
 * the call. Credit goes back only as the sink takes them, so that a slow sink slows the plugin and nothing else.
 */
export class SyncedOutput implements RawStreamHandler {
  readonly #stream: RawStream;
  readonly #sink: SinkWriter | undefined;
  readonly #tail: Tail | undefined;

  constructor(stream: RawStream, sink: SinkWriter | undefined, tail: Tail | undefined) {
    this.#stream = stream;
    this.#sink = sink;
    this.#tail = tail;
    stream.setHandler(this);
  }

  onData(chunk: Uint8Array): void {
    const bytes = chunk.byteLength;
    this.#tail?.push(chunk);
    if (this.#sink === undefined) return this.#stream.consume(bytes);
    // The chunk is borrowed, and a sink may keep what it is given.
    this.#sink.write(Buffer.from(chunk), () => this.#stream.consume(bytes));
  }

  /** The host never finishes its half: the plugin's end is the end. */
  onEnd(): void {}

  onClose(): void {
    this.#sink?.release();
  }
}
