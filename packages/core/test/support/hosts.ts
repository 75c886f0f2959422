/**
 * Hosts in processes of their own, for tests of what happens to plugins when their host ends or gets a
 * signal.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { isAbsolute } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { fixture, isAlive } from './life.ts';

/** A host that runs `fixtures/hosts.mjs` in a process of its own. */
export interface Host {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly plugin: number;
  /** The warnings that the host printed before the plugin was ready. */
  readonly warnings: readonly string[];
  /** Resolves with the next object that the host prints. */
  next(): Promise<Record<string, unknown>>;
  readonly exited: Promise<{ code: number | null; signal: string | null }>;
}

/**
 * Runs a host that starts `program`, which is the name of a fixture or an absolute path. Resolves when the
 * host has printed the plugin's process id. `behind` is a command that runs the host. With `isLeader`, the
 * started process leads a process group of its own.
 */
export async function host(
  conduct: string,
  program: string,
  options: { env?: object; args?: string[]; isLeader?: boolean; behind?: string[] } = {},
): Promise<Host> {
  const { behind = [], args = [], isLeader = false } = options;
  const path = isAbsolute(program) ? program : fixture(program);
  const [file, ...rest] = [...behind, process.execPath, fixture('hosts'), path, conduct];
  const child = spawn(file, [...rest, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...options.env },
    detached: isLeader,
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<Record<string, unknown>> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error('the host has ended its output');
    return JSON.parse(value) as Record<string, unknown>;
  };
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    child.once('exit', (code, signal) => resolve({ code, signal })),
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  const warnings: string[] = [];
  let told = await next();
  for (; told['plugin'] === undefined; told = await next()) warnings.push(String(told['message']));
  const plugin = told['plugin'] as number;
  onTestFinished(() => {
    // Under `unshare`, the plugin has this id only in its own process namespace. In the namespace of the
    // test, another process may have the same id.
    if (behind.length === 0 && isAlive(plugin)) process.kill(plugin, 'SIGKILL');
  });
  return { process: child, pid: child.pid as number, plugin, warnings, next, exited };
}
