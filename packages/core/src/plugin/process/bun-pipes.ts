/**
 * The plugin's two pipes under Bun, whose `net.Socket` cannot read from an existing descriptor. Reads and
 * writes go through the thread pool, one of each at a time. At the very end of the process, this class cannot
 * find out when the current write is complete. So this class waits a moment before it writes the rest.
 */

import { read, write as writeLater } from 'node:fs';
import { Readable, Writable } from 'node:stream';
import type { Downstream, Upstream } from './pipes.ts';

const readBytes = 64 * 1024;
/** How many bytes a thread writes at a time. A thread finishes a small portion quickly. */
const portionBytes = 64 * 1024;
/** The longest time that a thread takes to write a portion while the host reads, in milliseconds. */
const portionEndsMs = 25;

export class BunUpstream extends Writable implements Upstream {
  readonly #fd: number;
  /**
   * The part of the current chunk that no thread has got yet, and the callback that runs when the whole chunk
   * is written.
   */
  #rest: Buffer = Buffer.alloc(0);
  #done: ((error?: Error | null) => void) | undefined;
  #written: ((bytes: Buffer) => boolean) | undefined;

  constructor(fd: number) {
    super({ decodeStrings: true });
    this.#fd = fd;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#rest = chunk;
    this.#done = done;
    this.#next();
  }

  /** Waits a moment for the portion that a thread writes, and then carries out every write at once. */
  goSync(write: (fd: number, bytes: Buffer) => boolean): void {
    if (this.#written !== undefined) return;
    this.#written = (bytes) => write(this.#fd, bytes);
    if (this.#done === undefined) return;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, portionEndsMs);
    this.#next();
  }

  #next(): void {
    if (this.#written !== undefined) {
      if (this.#rest.byteLength > 0) this.#written(this.#rest);
      return this.#settle(null);
    }
    if (this.#rest.byteLength === 0) return this.#settle(null);
    const portion = this.#rest.subarray(0, portionBytes);
    this.#rest = this.#rest.subarray(portionBytes);
    writeLater(this.#fd, portion, 0, portion.byteLength, null, (error, count) => {
      if (this.#written !== undefined) return;
      if (count < portion.byteLength) this.#rest = Buffer.concat([portion.subarray(count), this.#rest]);
      if (error === null) this.#next();
      else this.#settle(error);
    });
  }

  #settle(error: Error | null): void {
    const done = this.#done;
    this.#done = undefined;
    done?.(error);
  }
}

export class BunDownstream extends Readable implements Downstream {
  onHostEnd: () => void = () => {};
  onLent: (chunk: Uint8Array) => void = () => {};
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
      // If the host was killed, the read fails as on a reset connection. That is an end, not a fault of this
      // side.
      this.hasEnded = true;
      this.onHostEnd();
    });
  }

  releaseEnd(): void {
    this.push(null);
  }

  /** Returns false, because the thread pool reads the next bytes, and no other read is possible meanwhile. */
  readNow(): boolean {
    return false;
  }
}
