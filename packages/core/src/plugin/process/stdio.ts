/** Turning `process.stdout` and `process.stderr`, and the console with them, to the synced outputs. */

import { Readable, Writable } from 'node:stream';
import type { SyncedOutput } from './synced-output.ts';

type Done = (error?: Error | null) => void;

/** The insides that are replaced. */
interface Patchable {
  _write(chunk: Uint8Array | string, encoding: BufferEncoding, done: Done): void;
  _writev: unknown;
  _final(done: Done): void;
}

/** From now on what this process prints goes to the outputs. */
export function redirectProcess(stdout: SyncedOutput, stderr: SyncedOutput): void {
  if ('Bun' in globalThis) {
    // Bun's standard streams write natively, with nothing under them: so they are replaced whole.
    Object.defineProperty(process, 'stdout', { value: writableTo(stdout), configurable: true });
    Object.defineProperty(process, 'stderr', { value: writableTo(stderr), configurable: true });
  } else {
    redirect(process.stdout, stdout);
    redirect(process.stderr, stderr);
  }
  if ('Bun' in globalThis || 'Deno' in globalThis) redirectConsole();
}

/** Where descriptor 0 carries the protocol, `process.stdin` is one that has ended: Node's own fails for whoever looks at it. */
export function emptyStdin(): void {
  Object.defineProperty(process, 'stdin', { value: Readable.from([]), configurable: true });
}

/** Where the console writes natively, it gets the methods of one that writes to the process's streams. */
function redirectConsole(): void {
  const { Console } = process.getBuiltinModule('node:console');
  Object.assign(console, new Console({ stdout: process.stdout, stderr: process.stderr }));
}

/**
 * Replaces what is under a stream, and leaves the stream itself alone: callbacks, corks, pipelines, `'drain'`, `end(data)`
 * and `isTTY` stay Node's. A replaced `write` would miss some of these and owe the rest. `_writev` is null so that
 * nothing goes around it.
 */
export function redirect(stream: Writable, output: SyncedOutput): void {
  const patchable = stream as unknown as Patchable;
  patchable._write = (chunk, encoding, done) => output.write(toBytes(chunk, encoding), done);
  patchable._writev = null;
  // The descriptor stays open for native code and grandchildren when the program ends its own stream.
  patchable._final = (done) => done();
}

/** A Writable of its own over an output, for a plugin that shares its process with others. */
export function writableTo(output: SyncedOutput): Writable {
  return new Writable({
    write: (chunk: Uint8Array, _encoding, done) => output.write(Buffer.from(chunk), done),
  });
}

/** The writer may use its buffer again once it is called back, which is before the bytes have left: so they are copied. */
function toBytes(chunk: Uint8Array | string, encoding: BufferEncoding): Uint8Array {
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.from(chunk);
}
