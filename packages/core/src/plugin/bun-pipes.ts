/**
 * The plugin's two pipes under Bun, whose `net.Socket` does not read from a descriptor that it was given. Reads and
 * writes go through the thread pool, one at a time each; so at the very end of the process what is under way cannot be
 * known, and only what a write has not begun can still be written.
 */

import { read, write } from 'node:fs';
import { Readable, Writable } from 'node:stream';
import type { Downstream, Upstream } from './descriptors.ts';

const readBytes = 64 * 1024;

export class BunUpstream extends Writable implements Upstream {
  readonly #fd: number;
  #busy = false;
  #written: ((bytes: Buffer) => boolean) | undefined;

  constructor(fd: number) {
    super({ decodeStrings: true });
    this.#fd = fd;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#written !== undefined) {
      this.#written(chunk);
      return done();
    }
    this.#writeFrom(chunk, 0, done);
  }

  /** A write that is under way holds the pipe: what follows it would land in its middle, so it is given up. */
  goSync(carryOut: (fd: number, bytes: Buffer) => boolean): void {
    this.#written ??= (bytes) => !this.#busy && carryOut(this.#fd, bytes);
  }

  #writeFrom(chunk: Buffer, from: number, done: (error?: Error | null) => void): void {
    this.#busy = true;
    write(this.#fd, chunk, from, chunk.byteLength - from, null, (error, count) => {
      this.#busy = false;
      if (error !== null) done(error);
      else if (from + count < chunk.byteLength) this.#writeFrom(chunk, from + count, done);
      else done();
    });
  }
}

export class BunDownstream extends Readable implements Downstream {
  onHostEnd: () => void = () => {};
  hasEnded = false;
  readonly #fd: number;

  constructor(fd: number) {
    super();
    this.#fd = fd;
  }

  override _read(): void {
    if (this.hasEnded) return;
    const bytes = Buffer.allocUnsafe(readBytes);
    read(this.#fd, bytes, 0, readBytes, null, (error, count) => {
      if (error === null && count > 0) {
        this.push(bytes.subarray(0, count));
        return;
      }
      // A host that was killed looks like a reset connection: an end, and no fault of anybody's here.
      this.hasEnded = true;
      this.onHostEnd();
    });
  }

  releaseEnd(): void {
    this.push(null);
  }

  /** The thread pool has the next bytes, if there are any: nothing can be read beside it. */
  readNow(): boolean {
    return false;
  }
}
