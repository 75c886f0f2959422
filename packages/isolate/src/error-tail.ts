/**
 * Keeps the last output of a plugin's standard error. That output may say why the plugin ended, for example
 * because V8's heap was full or a file was missing.
 */

import { PassThrough, type Readable } from 'node:stream';

/**
 * How long to wait for the last lines, in milliseconds. The plugin prints them before it ends, so they are in
 * the pipe when the process is gone. The wait is limited, because a child of the plugin may keep the pipe
 * open.
 */
const drainMs = 100;

/** How many characters are kept. V8 prints at most this much if its heap is full: a message and a trace. */
const keptCharacters = 16_384;

const fullHeap = /JavaScript heap out of memory|Reached heap limit/;

/** Passes the bytes of a stream on, and keeps the last of them. */
export class ErrorTail {
  /** A stream with the same bytes as the source. */
  readonly passed: PassThrough = new PassThrough();
  readonly #source: Readable;
  #tail = '';

  /**
   * A piece of output is kept if `isKept` returns true, because only some output can explain the plugin's
   * end.
   */
  constructor(source: Readable, isKept: () => boolean) {
    this.#source = source;
    source.on('data', (piece: Buffer) => {
      if (isKept()) this.#tail = (this.#tail + piece.toString('latin1')).slice(-keptCharacters);
    });
    source.pipe(this.passed);
    source.once('error', () => this.passed.end());
    // If the reader destroys `passed`, the process must get an error when it writes.
    this.passed.once('close', () => source.destroy());
  }

  /** Resolves with the kept text. Waits until all output has arrived, but at most `drainMs`. */
  async end(): Promise<string> {
    if (!this.#source.readableEnded && !this.#source.destroyed) {
      await new Promise((resolve) => {
        this.#source.once('close', resolve);
        setTimeout(resolve, drainMs);
      });
    }
    return Buffer.from(this.#tail, 'latin1').toString();
  }

  /** Resolves to true if the kept text has V8's message that its heap was full. */
  async isHeapFull(): Promise<boolean> {
    return fullHeap.test(await this.end());
  }
}
