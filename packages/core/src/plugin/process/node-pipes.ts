/** The plugin's two pipes in Node and Deno, as `net.Socket`s. */

import { readSync } from 'node:fs';
import { Socket, type SocketConstructorOpts } from 'node:net';
import type { Downstream, Upstream } from './pipes.ts';

const isWindows = process.platform === 'win32';

/** Properties of libuv's handle. Node does not document them. */
interface Handle {
  readonly writeQueueSize?: number;
  setBlocking?(isBlocking: boolean): number;
}

/**
 * The pipe to the host. libuv carries out one write at a time, and this class keeps the bytes of the current
 * write.
 */
export class NodeUpstream extends Socket implements Upstream {
  readonly #fd: number;
  #inFlight: readonly Buffer[] = [];
  #done: ((error?: Error | null) => void) | undefined;
  #written: ((bytes: Buffer) => boolean) | undefined;

  constructor(fd: number) {
    super({ fd, readable: false, writable: true });
    this.#fd = fd;
    // On Windows, another thread carries out each write. When the process exits, that thread may not have
    // begun its write, and the bytes of a later synchronous write would be sent first. A blocking write ends
    // before the next write begins.
    if (isWindows) this.#handle?.setBlocking?.(true);
  }

  get #handle(): Handle | null {
    return (this as unknown as { _handle: Handle | null })._handle;
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

  /** Writes the bytes that libuv has not written yet. After that, every write is synchronous. */
  goSync(write: (fd: number, bytes: Buffer) => boolean): void {
    if (this.#written !== undefined) return;
    this.#written = (bytes) => write(this.#fd, bytes);
    // On Windows, `writeQueueSize` also counts bytes that are already written, until libuv has reported their
    // write.
    const held = isWindows ? 0 : (this.#handle?.writeQueueSize ?? 0);
    const all = Buffer.concat(this.#inFlight);
    if (held > 0) this.#written(all.subarray(Math.max(0, all.byteLength - held)));
    const done = this.#done;
    this.#done = undefined;
    // This call makes Node's stream write the chunks that the stream itself has queued.
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
 * The pipe from the host. `onHostEnd` is called as soon as the pipe ends. The session does not see the end
 * before `releaseEnd()`, because the plugin may print output while it leaves, and this output needs the
 * session.
 */
export class NodeDownstream extends Socket implements Downstream {
  onHostEnd: () => void = () => {};
  onLent: (chunk: Uint8Array) => void = () => {};
  readonly #fd: number;
  #hasEnded = false;

  constructor(fd: number) {
    // Every read uses the same memory. New memory for each read would cause a garbage collection for every
    // mebibyte that is read.
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
    // If the host was killed, the read may fail with a reset connection. This counts as the end of the pipe.
    super._destroy(null, done);
  }

  releaseEnd(): void {
    super.push(null);
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /**
   * Reads the bytes that have arrived, and passes them to `onLent`. Returns false at the end, or if no bytes
   * have arrived. On Windows this method waits until bytes arrive.
   */
  readNow(): boolean {
    if (this.#hasEnded) return false;
    try {
      // This read gets new memory, because the session may still use a chunk of the shared memory when the
      // process exits.
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
