/** Listens to what a plugin in Node says on its standard error at its end: whether V8's heap was full. */

import { PassThrough, type Readable } from 'node:stream';

/** V8's words come before the abort, so that they are on their way when the process is gone. A child of the plugin's may hold the pipe open. */
const drainMs = 100;

/** As much as V8 says: its words, and a trace behind them. */
const keptCharacters = 16_384;

const fullHeap = /JavaScript heap out of memory|Reached heap limit/;

/** Passes a stream on and keeps its last characters. */
export class HeapTail {
  /** The same bytes. */
  readonly passed: PassThrough = new PassThrough();
  readonly #source: Readable;
  #tail = '';

  constructor(source: Readable) {
    this.#source = source;
    source.on('data', (piece: Buffer) => {
      this.#tail = (this.#tail + piece.toString('latin1')).slice(-keptCharacters);
    });
    source.pipe(this.passed);
    source.once('error', () => this.passed.end());
    // What writes to it after the reader has gone is to know.
    this.passed.once('close', () => source.destroy());
  }

  /** Resolves once all has come, or after a moment. */
  async isFull(): Promise<boolean> {
    if (!this.#source.readableEnded && !this.#source.destroyed) {
      await new Promise((resolve) => {
        this.#source.once('close', resolve);
        setTimeout(resolve, drainMs);
      });
    }
    return fullHeap.test(this.#tail);
  }
}
