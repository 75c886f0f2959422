/** One synced output on the host's side: a stream of the session, handed to the user's sink or to the log. */

import type { RawStream, RawStreamHandler } from '@pipework/mux/lean';
import { defer } from '../../base/timers.ts';
import type { OutputLog } from './output-log.ts';
import type { SinkWriter } from './sinks.ts';
import type { Tail } from './tail.ts';

/** Where a synced output goes, apart from the tail. Without either it is thrown away. */
export interface SyncedTarget {
  readonly sink?: SinkWriter | undefined;
  readonly log?: OutputLog | undefined;
}

/**
 * Hands bytes on in the moment they arrive, so that what a handler printed is in the sink before its reply settles the call. Credit goes
 * back only when the sink or the log has taken them, so that a slow one slows the plugin and nothing else.
 */
export class SyncedReader implements RawStreamHandler {
  /** Resolves when the stream is closed and all that came is logged. */
  readonly ended: Promise<void>;
  readonly #ended = defer<void>();
  readonly #stream: RawStream;
  readonly #target: SyncedTarget;
  readonly #tail: Tail | undefined;

  constructor(stream: RawStream, target: SyncedTarget, tail?: Tail) {
    this.ended = this.#ended.promise;
    this.#stream = stream;
    this.#target = target;
    this.#tail = tail;
    stream.setHandler(this);
  }

  onData(chunk: Uint8Array): void {
    const { sink, log } = this.#target;
    const bytes = chunk.byteLength;
    this.#tail?.push(chunk);
    if (sink === undefined && log === undefined) return this.#stream.consume(bytes);
    const onTaken = (): void => this.#stream.consume(bytes);
    // The chunk is borrowed, and a sink may keep what it is given.
    if (sink !== undefined) sink.write(Buffer.from(chunk), onTaken);
    else log?.push(chunk, onTaken);
  }

  /** The host never finishes its half. The plugin's end is the end. */
  onEnd(): void {}

  onClose(): void {
    const { sink, log } = this.#target;
    sink?.release();
    if (log === undefined) this.#ended.resolve();
    else void log.end().then(() => this.#ended.resolve());
  }
}
