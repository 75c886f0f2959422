/**
 * The plugin's two pipes as sockets that can be driven by hand at the very end: when Node's `'exit'` has come there is
 * no event loop any more, and what is still queued can only be written, and credit only be read, synchronously.
 */

import { fstatSync, fsyncSync, readdirSync, readlinkSync, readSync, writeSync } from 'node:fs';
import { Socket, type SocketConstructorOpts } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { clock } from '../../base/timers.ts';
import { BunDownstream, BunUpstream } from './bun-pipes.ts';

/** The pipe to the host. */
export interface Upstream extends Writable {
  /** From now on every write is carried out at once by `write`, what was handed over before all else. */
  goSync(write: (fd: number, bytes: Buffer) => boolean): void;
}

/** The pipe from the host. */
export interface Downstream extends Readable {
  /** Gets the bytes where they are only lent; a pipe that gives its bytes away emits them as `'data'`. */
  onLent: (chunk: Uint8Array) => void;
  /** Called once, when the host has closed its side or is gone. */
  onHostEnd: () => void;
  /** True once the host has closed its side: no credit comes any more. */
  readonly hasEnded: boolean;
  /** Lets the session see the end: until then it is kept from it. */
  releaseEnd(): void;
  /** Reads what is there now and delivers it: true where something was. */
  readNow(): boolean;
}

/** The host's two pipes, by the means of the runtime that this is. */
export function openPipes(from: number, to: number): { downstream: Downstream; upstream: Upstream } {
  return 'Bun' in globalThis
    ? { downstream: new BunDownstream(from), upstream: new BunUpstream(to) }
    : { downstream: new DownstreamPipe(from), upstream: new UpstreamPipe(to) };
}

const isWindows = process.platform === 'win32';

/** What libuv's handle tells, beyond Node's own face. */
interface Handle {
  readonly writeQueueSize?: number;
}

/** The upstream pipe. One write at a time is in libuv's hands, and this side knows which bytes they are. */
export class UpstreamPipe extends Socket implements Upstream {
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

  /** From now on every write is carried out at once by `write`, what libuv still holds before all else. */
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

/** The downstream pipe. Its end is told to `onHostEnd`, and to the session only by `releaseEnd()`: what the plugin prints while it leaves still needs the session. */
export class DownstreamPipe extends Socket implements Downstream {
  onHostEnd: () => void = () => {};
  onLent: (chunk: Uint8Array) => void = () => {};
  readonly #fd: number;
  #ended = false;

  constructor(fd: number) {
    // Every read goes into the same memory, which a garbage collection for each mebibyte would otherwise pay for.
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
    // A connection reset is how a host that was killed looks: an end, and no fault of anybody's here.
    super._destroy(null, done);
  }

  releaseEnd(): void {
    super.push(null);
  }

  /** True once the host has closed its side: no credit comes any more. */
  get hasEnded(): boolean {
    return this.#ended;
  }

  /** Reads what is there now and delivers it: true where something was. False at the end, or where nothing is there. */
  readNow(): boolean {
    if (this.#ended) return false;
    try {
      // Memory of its own: the process may be exiting in the middle of a read that was lent.
      const buffer = Buffer.allocUnsafe(16 * 1024);
      const bytes = readSync(this.#fd, buffer, 0, buffer.byteLength, null);
      if (bytes === 0) this.#ended = true;
      else this.onLent(buffer.subarray(0, bytes));
      return bytes > 0;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') this.#ended = true;
      return false;
    }
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
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

/** Where a file's mode has its type, and what a pipe has there. `isFIFO()` is false for every pipe on Windows. */
const typeBits = 0o170_000;
const pipeBits = 0o010_000;

/**
 * Why the descriptors can't be the host's pipes; undefined where they can. In a process whose parent passed none, the
 * same numbers belong to Node itself: its epoll descriptor, or both ends of a pipe of its own.
 */
export function whyNotPipes(fds: readonly number[]): string | undefined {
  // Deno's fs functions know no descriptors that the process was born with; its sockets do.
  if ('Deno' in globalThis) return undefined;
  for (const fd of fds) {
    try {
      const info = fstatSync(fd);
      const isPipe = (info.mode & typeBits) === pipeBits;
      if (!info.isSocket() && !isPipe) return `descriptor ${fd} is no pipe`;
      if (isPipe && isOwnPipe(fd)) return `descriptor ${fd} is a pipe of Node's own`;
    } catch {
      return `descriptor ${fd} is not open`;
    }
  }
  return undefined;
}

function isOwnPipe(fd: number): boolean {
  try {
    const name = readlinkSync(`/proc/self/fd/${fd}`);
    const others = readdirSync('/proc/self/fd').filter((other) => other !== String(fd));
    return others.some((other) => linkOf(other) === name);
  } catch {
    // No /proc: nothing speaks against it.
    return false;
  }
}

function linkOf(fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    // The descriptor of the directory listing itself is closed by now.
    return undefined;
  }
}

/** Milliseconds without progress after which synchronous writing gives up. */
const stuckMs = 2_000;

/**
 * Writes all of `bytes`, waiting while the pipe is full; `meanwhile` runs before each wait and says whether it got on.
 * Returns how many bytes could not be written: the reader is gone, or has taken nothing for two seconds.
 */
export function writeAllSync(fd: number, bytes: Uint8Array, meanwhile: () => boolean = () => false): number {
  let at = 0;
  let deadline = clock() + stuckMs;
  while (at < bytes.byteLength) {
    try {
      at += writeSync(fd, bytes, at);
      deadline = clock() + stuckMs;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') break;
      if (meanwhile()) deadline = clock() + stuckMs;
      if (clock() > deadline) break;
      pause();
    }
  }
  return bytes.byteLength - at;
}

const nap = new Int32Array(new SharedArrayBuffer(4));

/** Sleeps for a millisecond without an event loop. */
export function pause(): void {
  Atomics.wait(nap, 0, 0, 1);
}
