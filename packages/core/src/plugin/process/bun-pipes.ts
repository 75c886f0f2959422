/**
 * The plugin's two pipes under Bun, whose `net.Socket` cannot read from an existing descriptor. The thread
 * pool carries out at most one read and one write at a time. At the exit of the process, `BunUpstream` cannot
 * find out when the current write is complete. So it waits a moment before it writes the rest.
 */

import { read, write as writeLater } from 'node:fs';
import { Readable, Writable } from 'node:stream';
import type { Downstream, Upstream } from './pipes.ts';

const readBytes = 64 * 1024;
/** A thread writes at most this many bytes at a time, so that each write ends soon. */
const portionBytes = 64 * 1024;
/** If the host reads, a thread writes a portion within this many milliseconds. */
const portionEndsMs = 25;

export class BunUpstream extends Writable implements Upstream {
  readonly #fd: number;
  /**
   * `#rest` is the part of the current chunk that no thread has got yet. `#done` is called when the whole
   * chunk is written.
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

  /** Waits a moment for the portion that a thread is writing. After that, every write is synchronous. */
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
      // If the host was killed, the read may fail with a reset connection. This counts as the end of the
      // pipe.
      this.hasEnded = true;
      this.onHostEnd();
    });
  }

  releaseEnd(): void {
    this.push(null);
  }

  /** Returns false. The thread pool is already reading the next bytes, so no synchronous read is possible. */
  readNow(): boolean {
    return false;
  }
}
