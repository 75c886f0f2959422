/**
 * Keeps the last output of a plugin's standard error. That output may say why the plugin ended: V8's heap was
 * full, or a file was not shown.
 */

import { PassThrough, type Readable } from 'node:stream';

/**
 * How long to wait for the last lines, in milliseconds. The plugin prints them before it ends, so they are in the
 * pipe when the process is gone. The wait must end, because a child of the plugin may hold the pipe open.
 */
const drainMs = 100;

/** How many characters are kept. V8 prints at most this much: its message, and a trace after it. */
const keptCharacters = 16_384;

const fullHeap = /JavaScript heap out of memory|Reached heap limit/;

/** Passes a stream on and keeps its last bytes. */
export class ErrorTail {
  /** A stream with the same bytes as the source. */
  readonly passed: PassThrough = new PassThrough();
  readonly #source: Readable;
  #tail = '';

  /** Each piece is kept if `isKept` returns true, because then the piece may explain the plugin's end. */
  constructor(source: Readable, isKept: () => boolean) {
    this.#source = source;
    source.on('data', (piece: Buffer) => {
      if (isKept()) this.#tail = (this.#tail + piece.toString('latin1')).slice(-keptCharacters);
    });
    source.pipe(this.passed);
    source.once('error', () => this.passed.end());
    // If the reader has gone, a process that still writes must get an error.
    this.passed.once('close', () => source.destroy());
  }

  /** Resolves with the kept text. Waits until all output has arrived, but only for a moment. */
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
