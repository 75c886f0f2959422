/** Redirects `process.stdout` and `process.stderr`, and with them the console, to the synced outputs. */

import { Readable, Writable } from 'node:stream';
import { limitQueue } from './limit-queue.ts';
import type { SyncedOutput } from './synced-output.ts';

type Done = (error?: Error | null) => void;

/** The stream members that this file replaces. */
interface Patchable {
  _write(chunk: Uint8Array | string, encoding: BufferEncoding, done: Done): void;
  _writev: unknown;
  _final(done: Done): void;
}

/**
 * Redirects the printed output of this process to `stdout` and `stderr`. Descriptors 1 and 2 are made
 * blocking again, for code that writes to them directly: native code, children, `fs.writeSync(1, …)`, pino. A
 * descriptor in `protocolFds` is not changed.
 */
export function redirectProcess(
  stdout: SyncedOutput,
  stderr: SyncedOutput,
  protocolFds: readonly number[],
): void {
  if ('Bun' in globalThis) {
    // Bun's standard streams write by native code, so they have no `_write` that could be replaced.
    Object.defineProperty(process, 'stdout', { value: writableTo(stdout), configurable: true });
    Object.defineProperty(process, 'stderr', { value: writableTo(stderr), configurable: true });
  } else {
    redirect(process.stdout, stdout);
    redirect(process.stderr, stderr);
    if (!protocolFds.includes(1)) makeBlocking(process.stdout);
    if (!protocolFds.includes(2)) makeBlocking(process.stderr);
  }
  if ('Bun' in globalThis || 'Deno' in globalThis) redirectConsole();
}

/**
 * Replaces `process.stdin` by a stream that has ended. Descriptor 0 carries the protocol, so Node's own
 * stream would fail.
 */
export function emptyStdin(): void {
  Object.defineProperty(process, 'stdin', { value: Readable.from([]), configurable: true });
}

/**
 * Replaces the methods of the global console, because the console of Bun and Deno writes by native code. The
 * new methods write to `process.stdout` and `process.stderr`.
 */
function redirectConsole(): void {
  const { Console } = process.getBuiltinModule('node:console');
  Object.assign(console, new Console({ stdout: process.stdout, stderr: process.stderr }));
}

/**
 * Replaces the methods by which a stream writes. The stream remains the same object, so callbacks, corks,
 * pipelines, `'drain'`, `end(data)` and `isTTY` work as in Node. `_writev` is null, so that no write bypasses
 * `_write`.
 */
function redirect(stream: Writable, output: SyncedOutput): void {
  const patchable = stream as unknown as Patchable;
  patchable._write = (chunk, encoding, done) => output.write(toBytes(chunk, encoding), done);
  patchable._writev = null;
  // If the program ends the stream, the descriptor remains open for native code and grandchildren.
  patchable._final = (done) => done();
  output.onSync = limitQueue(stream);
}

/**
 * Makes a pipe blocking again. When Node opens a stream over a pipe, the pipe becomes non-blocking for every
 * process that has it.
 */
function makeBlocking(stream: Writable): void {
  (stream as { _handle?: { setBlocking?(isBlocking: boolean): number } | null })._handle?.setBlocking?.(true);
}

/** Returns a Writable that writes to an output. */
export function writableTo(output: SyncedOutput): Writable {
  const stream = new Writable({
    write: (chunk: Uint8Array, _encoding, done) => output.write(Buffer.from(chunk), done),
  });
  output.onSync = limitQueue(stream);
  return stream;
}

/**
 * Returns a copy of the bytes. The program may reuse its buffer after the write's callback has run, but the
 * bytes may be sent later.
 */
function toBytes(chunk: Uint8Array | string, encoding: BufferEncoding): Uint8Array {
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.from(chunk);
}
