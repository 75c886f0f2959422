/** Tests measurements of programs with many threads, and of programs whose first thread has ended. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ProcessExit } from '@pipework/core';
import { isolated, type IsolateOptions } from '../src/index.ts';
import { noBubblewrap, threads } from './support/cells.ts';
import { measure, read, stepsOf } from './support/internals.ts';

const MiB = 2 ** 20;
const python = '/usr/bin/python3';
const isAbsent = spawnSync(python, ['-c', '']).status !== 0;
const noPython = isAbsent ? ` (SKIPPED: needs ${python})` : '';

describe.skipIf(isAbsent)(`a measurement${noPython}`, () => {
  /** Starts the program, and returns its id as soon as it has printed `word`. */
  async function started(count: number, conduct: string, word: string): Promise<number> {
    const child = spawn(python, [threads, String(count), conduct], { stdio: ['pipe', 'pipe', 'inherit'] });
    onTestFinished(async () => {
      child.stdin.end();
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    });
    let told = '';
    while (!told.includes(word)) told += String((await once(child.stdout, 'data'))[0]);
    return child.pid as number;
  }

  const residentBytes = (pid: number): number =>
    Number(/^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1]) * 1_024;

  test('takes few steps if the process cannot have children, however many threads it has', async () => {
    const pid = await started(300, 'wait', 'up');
    expect(stepsOf(pid, false).length).toBeLessThan(5);
    expect(measure(pid).tasks).toBe(301);
  });

  test('counts the page tables of a process', async () => {
    const pid = await started(0, 'map', 'mapped');
    expect(measure(pid).heldBytes).toBeGreaterThan(residentBytes(pid) + 16 * MiB);
  });

  test('counts what the kernel needs for each thread', async () => {
    const pid = await started(300, 'wait', 'up');
    expect(measure(pid).heldBytes).toBeGreaterThan(residentBytes(pid) + 6 * MiB);
  });

  test('counts the memory and the children of a process whose first thread has ended', async () => {
    const pid = await started(20, 'leave behind', 'filled');
    expect(measure(pid).heldBytes).toBeGreaterThan(400 * MiB);
    // The process has 22 threads, of which one has ended, and a child.
    expect(measure(pid).tasks).toBe(23);
  });
});

const obstacle = noBubblewrap === '' ? noPython : noBubblewrap;

describe.skipIf(obstacle !== '')(`with memoryBytes, in bubblewrap${obstacle}`, () => {
  async function ended(options: IsolateOptions, count: number, conduct: string): Promise<ProcessExit> {
    const launcher = isolated({ ...options, read: [threads], resources: { memoryBytes: 300 * MiB } });
    const launched = await launcher({
      ...{ file: python, args: [threads, String(count), conduct], cwd: '/', env: {}, handshakeEnv: {} },
      ...{ stdin: 'ignore', processGroup: false },
    });
    launched.stderr?.pipe(process.stderr, { end: false });
    launched.stdout?.resume();
    return launched.exited;
  }

  test('a plugin whose first thread has ended is ended when it exceeds the limit', async () => {
    const exit = await ended({}, 1, 'leave');
    expect(exit).toMatchObject({ signal: 'SIGKILL', limit: 'memory' });
    expect(exit.reason).toMatch(/^ended because it held \d+ MiB of memory/);
  });

  test.each([true, false])(
    'a plugin is ended if it has too many processes and threads (run: %s)',
    async (run) => {
      const exit = await ended({ run }, 2_100, 'wait');
      expect(exit).toMatchObject({ signal: 'SIGKILL', limit: 'memory' });
      expect(exit.reason).toMatch(/^ended because it had more than 2000 processes and threads/);
    },
  );
});
