/**
 * One synced output on the host's side. This class passes a stream of the session to the user's sink or to
 * the log.
 */

import type { RawStream, RawStreamHandler } from '@pipework/mux/lean';
import { defer } from '../../base/timers.ts';
import type { OutputLog } from './output-log.ts';
import type { SinkWriter } from './sinks.ts';
import type { Tail } from './tail.ts';

/**
 * The destination of a synced output, apart from the tail. If neither a sink nor a log is given, the output
 * is dropped.
 */
export interface SyncedTarget {
  readonly sink?: SinkWriter | undefined;
  readonly log?: OutputLog | undefined;
}

/**
 * Passes bytes on as soon as they arrive. Therefore a handler's lines are in the sink before the handler's
 * reply settles the call. Credit is sent only when the sink or the log has accepted the bytes, so that a slow
 * sink or log slows only the plugin.
 */
export class SyncedReader implements RawStreamHandler {
  /** Resolves when the stream is closed and all of its bytes are logged. */
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
    // The chunk is borrowed, and a sink may keep its chunks. So the sink gets a copy.
    if (sink !== undefined) sink.write(Buffer.from(chunk), onTaken);
    else log?.push(chunk, onTaken);
  }

  /**
   * Does nothing. The host never ends its own half of the stream, and `onClose()` handles the end of the
   * output.
   */
  onEnd(): void {}

  onClose(): void {
    const { sink, log } = this.#target;
    sink?.release();
    if (log === undefined) this.#ended.resolve();
    else void log.end().then(() => this.#ended.resolve());
  }
}
