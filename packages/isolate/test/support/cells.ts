/** Isolated plugins for tests, and the isolation tools of this machine. */

import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { Client, type ClientConfig, type Remote } from '@pipework/core';
import { isolated, IsolateError, type IsolateOptions } from '../../src/index.ts';

/** The interface that the fixture serves. */
export interface Cell {
  pid(): Promise<number>;
  read(path: string): Promise<string>;
  write(path: string): Promise<string>;
  writeBytes(path: string, bytes: number): Promise<string>;
  list(path: string): Promise<string[]>;
  env(): Promise<Record<string, string>>;
  surroundings(): Promise<Record<string, string | undefined>>;
  argv(): Promise<string[]>;
  run(file: string, ...args: string[]): Promise<string>;
  connect(port: number): Promise<string>;
  listen(): Promise<string>;
  descriptors(): Promise<[number, string][]>;
  fill(): Promise<void>;
  fillHeap(): Promise<void>;
  fillElsewhere(): Promise<string>;
  spin(): Promise<void>;
  spinOn(): Promise<void>;
  signal(signal: string): Promise<void>;
  makeFiles(directory: string, count: number): Promise<void>;
  abort(words: string): Promise<void>;
  exit(code: number): Promise<void>;
}

export interface Cells {
  cell: Cell;
}

export const root: string = fileURLToPath(new URL('../../../..', import.meta.url));
export const fixture: string = fileURLToPath(new URL('../fixtures/cell.mjs', import.meta.url));
/** A program in Python with threads. */
export const threads: string = fileURLToPath(new URL('../fixtures/threads.py', import.meta.url));
export const command: [string, ...string[]] = [process.execPath, fixture];

/** The directories that a policy must list so that the fixture can load its modules. */
export const own: string[] = ['packages', 'node_modules'].map((name) => join(root, name));

/** The reason why tests of bubblewrap are skipped, as a part of their names. Empty if they can run. */
export const noBubblewrap: string = reasonAgainst({});

function reasonAgainst(options: IsolateOptions): string {
  try {
    isolated(options).describe(['/bin/true']);
    return '';
  } catch (error) {
    if (!(error instanceof IsolateError)) throw error;
    const reason = error.message.includes('PATH of the host') ? 'bwrap' : 'leave to make namespaces';
    return ` (SKIPPED: bubblewrap can't be used, which needs ${reason})`;
  }
}

/** Starts the fixture. Its client is killed when the test ends. */
export async function start(
  options: IsolateOptions,
  config: Partial<ClientConfig> = {},
): Promise<{ client: Client<Cells>; cell: Remote<Cell> }> {
  const launcher = isolated({ ...options, read: [...own, ...(options.read ?? [])] });
  const client = new Client<Cells>({ cmd: command, launcher, ...config });
  onTestFinished(async () => void (await client.kill()));
  const rpc = await client.client();
  return { client, cell: await rpc.dispense('cell') };
}

/** Makes a directory that is removed when the test ends. */
export function directory(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'pipework-isolate-')));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

/** Returns the error of a promise that must reject. */
export async function failure<E = Error & { code: string; cause?: unknown }>(
  promise: Promise<unknown>,
): Promise<E> {
  return promise.then(
    () => {
      throw new Error('it should have failed');
    },
    (error: unknown) => error as E,
  );
}
