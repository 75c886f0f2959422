/** Leading `process.stdout` and `process.stderr`, and the console with them, to the synced outputs. */

import { Readable, Writable } from 'node:stream';
import { limitQueue } from './limit-queue.ts';
import type { SyncedOutput } from './synced-output.ts';

type Done = (error?: Error | null) => void;

/** The parts of a stream that are replaced. */
interface Patchable {
  _write(chunk: Uint8Array | string, encoding: BufferEncoding, done: Done): void;
  _writev: unknown;
  _final(done: Done): void;
}

/**
 * Leads what this process prints to the outputs, from now on. Descriptors 1 and 2 stay blocking, as Node found them, for those who write to
 * them directly: native code, children, `fs.writeSync(1, …)`, pino. `protocolFds` are left alone.
 */
export function redirectProcess(
  stdout: SyncedOutput,
  stderr: SyncedOutput,
  protocolFds: readonly number[],
): void {
  if ('Bun' in globalThis) {
    // Bun's standard streams write natively and have no layer below that could be replaced.
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

/** Replaces `process.stdin` by a stream that has ended, because descriptor 0 carries the protocol and Node's own stream would fail. */
export function emptyStdin(): void {
  Object.defineProperty(process, 'stdin', { value: Readable.from([]), configurable: true });
}

/** Gives a console that writes natively the methods of one that writes to the process's streams. */
function redirectConsole(): void {
  const { Console } = process.getBuiltinModule('node:console');
  Object.assign(console, new Console({ stdout: process.stdout, stderr: process.stderr }));
}

/**
 * Replaces what is under a stream, and leaves the stream itself alone: callbacks, corks, pipelines, `'drain'`, `end(data)` and `isTTY` stay
 * Node's. `_writev` is null so that nothing goes around `_write`.
 */
function redirect(stream: Writable, output: SyncedOutput): void {
  const patchable = stream as unknown as Patchable;
  patchable._write = (chunk, encoding, done) => output.write(toBytes(chunk, encoding), done);
  patchable._writev = null;
  // The descriptor stays open for native code and grandchildren when the program ends its own stream.
  patchable._final = (done) => done();
  output.onSync = limitQueue(stream);
}

/** Undoes what Node does to a pipe when it opens a stream over it: for every process that has the pipe, it becomes non-blocking. */
function makeBlocking(stream: Writable): void {
  (stream as { _handle?: { setBlocking?(isBlocking: boolean): number } | null })._handle?.setBlocking?.(true);
}

/** A Writable over an output, for a plugin that shares its process with others. */
export function writableTo(output: SyncedOutput): Writable {
  const stream = new Writable({
    write: (chunk: Uint8Array, _encoding, done) => output.write(Buffer.from(chunk), done),
  });
  output.onSync = limitQueue(stream);
  return stream;
}

/** Copies: the writer may reuse its buffer once it is called back, which is before the bytes are sent. */
function toBytes(chunk: Uint8Array | string, encoding: BufferEncoding): Uint8Array {
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.from(chunk);
}
