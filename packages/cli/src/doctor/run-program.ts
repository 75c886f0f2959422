/** Runs a small program to its end, with the protocol's two descriptors, within a time limit. */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

/**
 * How long a program of a check may take, in milliseconds. Most programs take 10 ms, and Node on a busy
 * machine takes a second.
 */
const timeoutMs = 15_000;
/** The maximum number of characters that are kept of an output. */
const maxBytes = 64 * 1024;

export interface ProgramResult {
  /** True if the program ran and ended with status 0. */
  readonly ok: boolean;
  /**
   * Why the program failed: the system's error, or the exit status with a line of standard error. Empty if
   * the program succeeded.
   */
  readonly problem: string;
  /** The system's error code, such as `ENOENT`, if the program could not be started. */
  readonly code?: string;
  readonly stdout: string;
  /** The text that the program wrote to descriptor 4. */
  readonly up: string;
}

/** Resolves when the program has ended. The program can read `down` from descriptor 3. Never rejects. */
export async function runProgram(file: string, args: readonly string[], down = ''): Promise<ProgramResult> {
  try {
    const child = spawn(file, args, {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
      // The option `timeout` of `spawn()` is not used: if the program cannot be started, its timer would keep
      // this process alive.
      signal: AbortSignal.timeout(timeoutMs),
      killSignal: 'SIGKILL',
    });
    return await resultOf(child, down);
  } catch (error) {
    // For some errors `spawn()` throws, for example if Node's permission model forbids the start.
    return failed(error as NodeJS.ErrnoException);
  }
}

const failed = (error: NodeJS.ErrnoException): ProgramResult => ({
  ok: false,
  problem: error.message,
  ...(error.code === undefined ? {} : { code: error.code }),
  stdout: '',
  up: '',
});

async function resultOf(child: ChildProcess, down: string): Promise<ProgramResult> {
  const [, out, err, third, fourth] = child.stdio;
  const texts = [out, err, fourth].map((stream) => gather(stream as Readable));
  const input = third as Writable;
  input.on('error', () => {}); // A program may close its input unread.
  input.end(down);
  return await new Promise((resolve) => {
    child.once('error', (error) => {
      resolve(failed(error));
    });
    child.once('close', (status, signal) => {
      const [stdout = '', stderr = '', up = ''] = texts.map((text) => text());
      resolve({ ok: status === 0, problem: problemOf(status, signal, stderr), stdout, up });
    });
  });
}

/** Collects the beginning of an output. Returns a function that returns the text so far. */
function gather(stream: Readable): () => string {
  let text = '';
  stream.on('error', () => {});
  stream.on('data', (chunk: Buffer) => {
    if (text.length < maxBytes) text += chunk.toString('latin1');
  });
  return () => text.trim();
}

function problemOf(status: number | null, signal: string | null, stderr: string): string {
  if (status === 0) return '';
  const lines = stderr.split('\n');
  const told = lines.find((line) => line.includes('Error')) ?? lines.at(-1) ?? '';
  const ended = `it ended with ${signal ?? `status ${status}`}`;
  return told === '' ? ended : `${told}; ${ended}`;
}
