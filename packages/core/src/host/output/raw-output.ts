/**
 * One raw output of a process (descriptor 1 or 2). The host drains the output until its end, even if the sink
 * is slow or fails.
 */

import type { Readable, Writable } from 'node:stream';
import { openSink, type SinkWriter } from './sinks.ts';
import type { OutputLog } from './output-log.ts';
import type { Tail } from './tail.ts';
import { droppedMark } from '../../base/dropped-mark.ts';
import { defer } from '../../base/timers.ts';

/**
 * The number of bytes that may wait for a sink. The host always drains raw output, so it drops bytes beyond
 * this limit and puts a mark in their place.
 */
const maxBehind = 8 * 1024 * 1024;

/** The destinations of a raw output, apart from the tail. */
export interface OutputOptions {
  readonly sink: Writable | undefined;
  readonly log: OutputLog | undefined;
  warn(message: string): void;
}

/** Drains one pipe. */
export class RawOutput {
  /** Resolves once the pipe has ended or {@link close} was called, and everything that was read is logged. */
  readonly ended: Promise<void>;
  readonly #pipe: Readable | undefined;
  readonly #ended = defer<void>();
  readonly #options: OutputOptions;
  readonly #sink: SinkWriter | undefined;
  #bytes = 0;
  #behind = 0;
  #dropped = 0;
  #hasEnded = false;

  constructor(pipe: Readable | undefined, tail: Tail, options: OutputOptions) {
    this.ended = this.#ended.promise;
    this.#pipe = pipe;
    this.#options = options;
    this.#sink = options.sink === undefined ? undefined : openSink(options.sink, options.warn);
    if (pipe === undefined) this.close();
    else this.#drain(pipe, tail);
  }

  #drain(pipe: Readable, tail: Tail): void {
    const { log } = this.#options;
    pipe.on('data', (chunk: Buffer) => {
      this.#bytes += chunk.byteLength;
      tail.push(chunk);
      this.#pass(chunk);
      if (log !== undefined) this.#log(pipe, chunk, log);
    });
    pipe.on('error', () => this.close());
    pipe.once('end', () => this.close());
    pipe.once('close', () => this.close());
  }

  /** Stops reading and releases the pipe, even if a grandchild still holds its other end. */
  close(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const logged = this.#options.log?.end();
    this.#sink?.release();
    this.#pipe?.destroy();
    if (logged === undefined) this.#ended.resolve();
    else void logged.then(() => this.#ended.resolve());
  }

  /** A number that grows whenever some of this output is read or logged. */
  get moved(): number {
    return this.#bytes + (this.#options.log?.taken ?? 0);
  }

  /**
   * Logs a chunk. The next read waits until the log has handled this chunk. This slows a plugin that prints
   * faster than its lines can be logged.
   */
  #log(pipe: Readable, chunk: Buffer, log: OutputLog): void {
    let isTaken = false;
    log.push(chunk, () => {
      isTaken = true;
      if (pipe.isPaused()) pipe.resume();
    });
    if (!isTaken) pipe.pause();
  }

  #pass(chunk: Buffer): void {
    if (this.#sink === undefined) return;
    if (this.#behind + chunk.byteLength > maxBehind) {
      if (this.#dropped === 0)
        this.#options.warn('an output sink does not keep up with raw output: some of it is dropped');
      this.#dropped += chunk.byteLength;
      return;
    }
    if (this.#dropped > 0) {
      const mark = Buffer.from(droppedMark(this.#dropped, 'the sink does not keep up'));
      this.#dropped = 0;
      this.#send(mark);
    }
    this.#send(chunk);
  }

  #send(chunk: Buffer): void {
    this.#behind += chunk.byteLength;
    this.#sink?.write(chunk, () => (this.#behind -= chunk.byteLength));
  }
}
