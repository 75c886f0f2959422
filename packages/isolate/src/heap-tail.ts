/**
 * Reads what a plugin in Node prints on its standard error at its end, to find out whether V8's heap was
 * full.
 */

import { PassThrough, type Readable } from 'node:stream';

/**
 * How long to wait for V8's message, in milliseconds. V8 prints the message before it aborts, so the message
 * is in the pipe when the process is gone. The wait must end, because a child of the plugin may hold the pipe
 * open.
 */
const drainMs = 100;

/** How many characters are kept. V8 prints at most this much: its message, and a trace after it. */
const keptCharacters = 16_384;

const fullHeap = /JavaScript heap out of memory|Reached heap limit/;

/** Passes a stream on and keeps its last characters. */
export class HeapTail {
  /** A stream with the same bytes as the source. */
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
    // If the reader has gone, a process that still writes must get an error.
    this.passed.once('close', () => source.destroy());
  }

  /**
   * Resolves with whether V8 reported a full heap. Waits until all output has arrived, but only for a moment.
   */
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
