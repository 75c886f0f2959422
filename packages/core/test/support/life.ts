/**
 * Helpers of the tests with real processes: they start fixture programs, collect output, and wait for
 * conditions.
 */

import { existsSync, lstatSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { Client, type ClientConfig } from '../../src/index.ts';

export const isWindows: boolean = process.platform === 'win32';

/**
 * Returns text to add to a test's name: the reason why the test is skipped, or '' if it runs. For example,
 * `test.skipIf(noFifos)(…)` has the name `a FIFO is refused${noFifos}`.
 */
export const skipUnless = (holds: boolean, reason: string): string => (holds ? '' : ` (SKIPPED: ${reason})`);

export const noSignals: string = skipUnless(!isWindows, 'Windows has no signals, and can only end a process');
export const noShell: string = skipUnless(!isWindows, 'Windows has no /bin/sh');
export const noModes: string = skipUnless(!isWindows, 'Windows has no file modes and no #! lines');
export const noFifos: string = skipUnless(!isWindows, 'Windows has no FIFOs');
export const noProc: string = skipUnless(process.platform === 'linux', 'the test reads /proc');
export const noEnds: string = skipUnless(
  !isWindows,
  'Windows ends the plugins immediately when their host dies',
);
export const noLinks: string = skipUnless(canLink(), 'this system makes no symbolic links for this user');
export const noFork: string = skipUnless(
  !isWindows,
  'on Windows a wrapper that ends also ends the processes that it has started',
);
export const needsWindows: string = skipUnless(isWindows, 'this rule holds only on Windows');

/**
 * On Windows, only users with a special right can make symbolic links. Wine makes no link, and reports no
 * error.
 */
function canLink(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'pipework-link-'));
  try {
    symlinkSync('nowhere', join(folder, 'link'));
    return lstatSync(join(folder, 'link')).isSymbolicLink();
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Returns a path as tests write it, with slashes. */
export const slashed = (path: string): string => path.replaceAll(sep, '/');

/**
 * The exit of a process that another process has ended by SIGKILL. Windows reports status 1, unless the
 * process's parent has ended it.
 */
export const killedBySignal: { code: number | null; signal: string | null } = isWindows
  ? { code: 1, signal: null }
  : { code: null, signal: 'SIGKILL' };
/**
 * The exit after kill() of a plugin that does not react to SIGTERM. On Windows, no plugin can handle SIGTERM.
 */
export const killedByLadder: { signal: string; by: string } = isWindows
  ? { signal: 'SIGTERM', by: 'sigterm' }
  : { signal: 'SIGKILL', by: 'sigkill' };

/** The interfaces that the fixtures serve. A fixture serves one or more of them. */
export interface Fixtures {
  greeter: {
    greet(name: string): Promise<string>;
    say(text: string): Promise<void>;
    complain(text: string): Promise<void>;
  };
  dialler: {
    dial(id: number): Promise<void>;
    begin(id: number): Promise<void>;
    accept(id: number): Promise<void>;
    nextId(): Promise<number>;
    exit(code: number): Promise<void>;
  };
  printer: {
    print(stream: 'stdout' | 'stderr', text: string): Promise<void>;
    printBytes(bytes: Uint8Array): Promise<void>;
    flood(bytes: number): Promise<void>;
    breakLines(count: number): Promise<{ grown: number; settled: number }>;
    floodThenExit(bytes: number): Promise<void>;
    floodInTwoTurnsThenExit(bytes: number): Promise<void>;
    countThenExit(lines: number, when: string): Promise<void>;
    stopClock(): Promise<void>;
    floodThenThrow(bytes: number): Promise<void>;
    floodUntilFull(): Promise<number>;
    answerThenExit(code: number): Promise<string>;
    waiting(): Promise<number>;
    terminals(): Promise<unknown>;
    log(level: string, message: string): Promise<void>;
  };
  trouble: {
    exit(code: number): Promise<void>;
    killItself(signal: string): Promise<void>;
    throwLater(): Promise<void>;
    hang(): Promise<void>;
    block(ms: number): Promise<void>;
    stop(): Promise<void>;
    spawnSleeper(inherit: boolean, detached: boolean): Promise<number>;
    eatMemory(): Promise<void>;
    pid(): Promise<number>;
    waitForAbort(file: string): Promise<void>;
  };
}

/** Returns the path of a fixture program. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}.mjs`, import.meta.url));
}

/** Makes a client of a fixture program, and kills it when the test ends. */
export function plugin(
  name: string,
  config: Partial<ClientConfig> = {},
  ...args: string[]
): Client<Fixtures> {
  const client = new Client<Fixtures>({
    cmd: [process.execPath, fixture(name), ...args],
    stdin: 'ignore',
    ...config,
  });
  onTestFinished(async () => {
    await client.kill();
  });
  return client;
}

/** A sink that keeps everything. */
export class Collector extends Writable {
  readonly chunks: Buffer[] = [];
  bytes = 0;

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.chunks.push(chunk);
    this.bytes += chunk.byteLength;
    done();
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }
}

/** True if a process exists and is not a zombie. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    // An orphan that has ended is a zombie until its new parent reaps it. The host cannot reap it.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
  } catch {
    return !existsSync('/proc/self');
  }
}

/**
 * The time for which `until()` waits, in milliseconds. It is shorter than the timeout of a test, because the
 * message of that timeout would not name the condition.
 */
const giveUpMs = 100_000;

/**
 * Waits until `holds` returns true, for up to `giveUpMs`. A test that promises a shorter time needs
 * `toHappenWithin`.
 */
export async function until(holds: () => boolean): Promise<void> {
  const began = performance.now();
  while (!holds()) {
    if (performance.now() - began > giveUpMs)
      throw new Error(`the condition did not hold within ${giveUpMs} ms: ${String(holds)}`);
    await sleep(5);
  }
}

/**
 * Returns a time limit in milliseconds, for tests that are not about that limit. The limit is `ms`, or ten
 * times the duration of a start that is measured now, whichever is more. On a busy machine, a fixed limit
 * could pass and change the way in which the plugin ends.
 */
export async function enoughMs(ms: number): Promise<number> {
  const began = performance.now();
  const client = new Client({ cmd: [process.execPath, fixture('greets')], stdin: 'ignore' });
  await client.client();
  const tookMs = performance.now() - began;
  await client.kill();
  return Math.max(ms, Math.ceil(10 * tookMs));
}

/** Returns the error of a promise that must reject. */
export async function failure<E = Error & { code: string }>(promise: Promise<unknown>): Promise<E> {
  return promise.then(
    () => {
      throw new Error('the promise was expected to reject, but it resolved');
    },
    (error: unknown) => error as E,
  );
}
