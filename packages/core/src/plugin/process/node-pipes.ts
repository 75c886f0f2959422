/** The plugin's two pipes as sockets of Node, which Deno has too. */

import { fsyncSync, readSync } from 'node:fs';
import { Socket, type SocketConstructorOpts } from 'node:net';
import type { Downstream, Upstream } from './pipes.ts';

const isWindows = process.platform === 'win32';

/** What libuv's handle tells and Node's socket does not. */
interface Handle {
  readonly writeQueueSize?: number;
}

/** The pipe to the host. libuv has one write at a time, and this class knows which bytes they are. */
export class NodeUpstream extends Socket implements Upstream {
  readonly #fd: number;
  #inFlight: readonly Buffer[] = [];
  #done: ((error?: Error | null) => void) | undefined;
  #written: ((bytes: Buffer) => boolean) | undefined;

  constructor(fd: number) {
    super({ fd, readable: false, writable: true });
    this.#fd = fd;
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#written !== undefined) {
      this.#written(chunk);
      return done();
    }
    this.#track([chunk], done);
    super._write(chunk, encoding, this.#settle);
  }

  override _writev(
    chunks: { chunk: Buffer; encoding: BufferEncoding }[],
    done: (error?: Error | null) => void,
  ): void {
    if (this.#written !== undefined) {
      for (const { chunk } of chunks) this.#written(chunk);
      return done();
    }
    this.#track(
      chunks.map(({ chunk }) => chunk),
      done,
    );
    super._writev?.(chunks, this.#settle);
  }

  /** Writes what libuv still holds, and then carries out every write at once. */
  goSync(write: (fd: number, bytes: Buffer) => boolean): void {
    if (this.#written !== undefined) return;
    this.#written = (bytes) => write(this.#fd, bytes);
    if (isWindows && this.#done !== undefined) waitUntilRead(this.#fd);
    const held = isWindows
      ? 0
      : ((this as unknown as { _handle: Handle | null })._handle?.writeQueueSize ?? 0);
    const all = Buffer.concat(this.#inFlight);
    if (held > 0) this.#written(all.subarray(Math.max(0, all.byteLength - held)));
    const done = this.#done;
    this.#done = undefined;
    // Node's own queue follows: it hands over the next chunk as soon as this one is done.
    done?.();
  }

  #track(chunks: readonly Buffer[], done: (error?: Error | null) => void): void {
    this.#inFlight = chunks;
    this.#done = done;
  }

  readonly #settle = (error?: Error | null): void => {
    const done = this.#done;
    this.#done = undefined;
    this.#inFlight = [];
    done?.(error);
  };
}

/**
 * The pipe from the host. Its end is told to `onHostEnd`, and to the session only by `releaseEnd()`, because what the plugin prints while it
 * leaves still needs the session.
 */
export class NodeDownstream extends Socket implements Downstream {
  onHostEnd: () => void = () => {};
  onLent: (chunk: Uint8Array) => void = () => {};
  readonly #fd: number;
  #hasEnded = false;

  constructor(fd: number) {
    // Every read goes into the same memory. New memory for each would cost a garbage collection for every mebibyte.
    const buffer = Buffer.allocUnsafeSlow(64 * 1024);
    const onread = {
      buffer,
      callback: (bytes: number): boolean => {
        this.onLent(buffer.subarray(0, bytes));
        return true;
      },
    };
    super({ fd, readable: true, writable: false, onread } as SocketConstructorOpts);
    this.#fd = fd;
  }

  override push(chunk: unknown, encoding?: BufferEncoding): boolean {
    if (chunk !== null) return super.push(chunk, encoding);
    this.#end();
    return false;
  }

  override _destroy(_error: Error | null, done: (error?: Error | null) => void): void {
    this.#end();
    // A host that was killed looks like a reset connection. That is an end, and no fault of this side.
    super._destroy(null, done);
  }

  releaseEnd(): void {
    super.push(null);
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Reads what is there now and delivers it. Returns false at the end, or if nothing is there. */
  readNow(): boolean {
    if (this.#hasEnded) return false;
    try {
      // Not the memory of other reads: the process may be exiting in the middle of one that was lent.
      const buffer = Buffer.allocUnsafe(16 * 1024);
      const bytes = readSync(this.#fd, buffer, 0, buffer.byteLength, null);
      if (bytes === 0) this.#hasEnded = true;
      else this.onLent(buffer.subarray(0, bytes));
      return bytes > 0;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') this.#hasEnded = true;
      return false;
    }
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.onHostEnd();
  }
}

/**
 * Waits until the host has read all that this process gave to the system. Windows takes all of a write at once, carries it
 * out as the host reads, and drops the rest if the process ends before.
 */
function waitUntilRead(fd: number): void {
  try {
    fsyncSync(fd);
  } catch {
    // The host is gone.
  }
}
