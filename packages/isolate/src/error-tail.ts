/**
 * Keeps the end of what a plugin prints on its standard error, for the reason of its end: V8's heap was full, or
 * a file was not shown.
 */

import { PassThrough, type Readable } from 'node:stream';

/**
 * How long to wait for the last words, in milliseconds. They are printed before the end, so they are under way
 * when the process is gone. A child of the plugin may hold the pipe open.
 */
const drainMs = 100;

/** How many characters are kept. V8 prints at most this much: its message, and a trace after it. */
const keptCharacters = 16_384;

const fullHeap = /JavaScript heap out of memory|Reached heap limit/;

/** Passes a stream on and keeps its last bytes. */
export class ErrorTail {
  /** The stream of the same bytes. */
  readonly passed: PassThrough = new PassThrough();
  readonly #source: Readable;
  #tail = '';

  /** `isKept` says for each piece whether it may matter for the end. */
  constructor(source: Readable, isKept: () => boolean) {
    this.#source = source;
    source.on('data', (piece: Buffer) => {
      if (isKept()) this.#tail = (this.#tail + piece.toString('latin1')).slice(-keptCharacters);
    });
    source.pipe(this.passed);
    source.once('error', () => this.passed.end());
    // A process that writes after the reader has gone must notice that.
    this.passed.once('close', () => source.destroy());
  }

  /** Resolves with the kept text once everything has arrived, or after a moment. */
  async end(): Promise<string> {
    if (!this.#source.readableEnded && !this.#source.destroyed) {
      await new Promise((resolve) => {
        this.#source.once('close', resolve);
        setTimeout(resolve, drainMs);
      });
    }
    return Buffer.from(this.#tail, 'latin1').toString();
  }

  /** True if V8 has said that its heap was full. */
  async isHeapFull(): Promise<boolean> {
    return fullHeap.test(await this.end());
  }
}
