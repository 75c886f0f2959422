/**
 * Tests of the reaper's script alone. In these tests, the reaper's pipe ends as if the host had died. The
 * tests in test/life show the reaper's effects on plugins.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isAlive, until } from '../../../test/support/life.ts';
import { holdersOf, pipeNameOf } from '../launch/pipe-name.ts';
import { identification, identify, reaperScript, type Identification } from './reaper-script.ts';

/**
 * Sends the lines `told` to a reaper and ends its pipe, as if its host had died. Resolves when the reaper has
 * finished.
 */
async function reap(
  told: string,
  mode: Identification = 'proc',
  path = '/usr/bin:/bin',
  known: string[] = [],
): Promise<void> {
  const reaper = spawn('/bin/sh', ['-c', reaperScript, 'reaper', mode, ...known], {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { PATH: path },
  });
  let errors = '';
  reaper.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  reaper.stdin.end(told);
  await once(reaper, 'close');
  expect(errors).toBe('');
}

interface Sleeper {
  readonly pid: number;
  readonly birth: string;
  readonly childOfIts: number;
}

/** Starts a process that has a child and keeps running. `name` is the name that the process gives itself. */
async function sleeper(name?: string): Promise<Sleeper> {
  const script = `
    ${name === undefined ? '' : `process.title = ${JSON.stringify(name)};`}
    console.log(require('node:child_process').spawn('sleep', ['30']).pid);
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ['-e', script], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  onTestFinished(() => {
    try {
      // Kills the group, because the leader may be gone while the leader's child sleeps on.
      process.kill(-(child.pid as number), 'SIGKILL');
    } catch {
      // Nothing of the group is left.
    }
  });
  const [told] = (await once(child.stdout, 'data')) as [Buffer];
  const pid = child.pid as number;
  return { pid, birth: identify(pid)?.birth ?? '?', childOfIts: Number(told) };
}

/**
 * Starts a shell that has a pipe at descriptor 3. The shell starts a process that inherits the pipe, and then
 * runs the command `then`. If `file` is given, descriptor 3 is a file of that name instead of the pipe.
 */
async function wrapper(then: string, file?: string): Promise<{ pid: number; birth: string; inner: number }> {
  const directory = await mkdtemp(join(tmpdir(), 'pipework-wrapper-'));
  const opened = file === undefined ? '' : `exec 3>"$1/${file}";`;
  const script = `${opened} sleep 30 & echo $!; ${then === '' ? 'read -r line <&4' : then}`;
  const child = spawn('/bin/sh', ['-c', script, 'sh', directory], {
    stdio: ['pipe', 'pipe', 'ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const pid = child.pid as number;
  const birth = identify(pid)?.birth ?? '?';
  onTestFinished(async () => {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // Nothing of the group is left.
    }
    await rm(directory, { recursive: true });
  });
  const [told] = (await once(child.stdout as Readable, 'data')) as [Buffer];
  const inner = Number(told);
  // Waits until the forked shell has become sleep.
  await until(() => readFileSync(`/proc/${inner}/comm`, 'utf8') === 'sleep\n');
  if (then === 'exit') await until(() => !isAlive(pid));
  return { pid, birth, inner };
}

const gone = (...pids: number[]): (() => boolean) => {
  return () => !pids.some(isAlive);
};

describe.skipIf(identification() !== 'proc')('the reaper', () => {
  test('kills the plugins that are left when its host has gone', async () => {
    const { pid, birth } = await sleeper();
    await reap(`+ ${pid} ${birth} 0\n`);
    await expect(gone(pid), 'it is gone').toHappenWithin(1_000);
  });

  test.each(['a\nb', 'x) R 1 \n+ 1 ? 1', '\n', ') (', '))\n((', '*', '\\n$(exit)'])(
    'kills a plugin that calls itself %j',
    async (name) => {
      const { pid, birth } = await sleeper(name);
      await reap(`+ ${pid} ${birth} 0\n`);
      await expect(gone(pid), 'it is gone').toHappenWithin(1_000);
    },
  );

  test('knows the processes in its arguments, and forgets the processes that are reported as gone', async () => {
    const [a, b, c] = [await sleeper(), await sleeper(), await sleeper()];
    const known = [`${a.pid}:${a.birth}:0:-`, `${b.pid}:${b.birth}:0:-`];
    await reap(`- ${a.pid}\n+ ${c.pid} ${c.birth} 0\n`, 'proc', undefined, known);
    await expect(gone(b.pid, c.pid), 'they are gone').toHappenWithin(1_000);
    expect(isAlive(a.pid)).toBe(true);
  });

  test('does not kill a process that has the id of an earlier process', async () => {
    const { pid } = await sleeper();
    await reap(`+ ${pid} 12345 0\n+ ${pid} 12345 1\n`);
    expect(isAlive(pid)).toBe(true);
  });

  test('does not kill a process that was reported as gone', async () => {
    const [a, b] = [await sleeper(), await sleeper()];
    await reap(`+ ${a.pid} ${a.birth} 0\n+ ${b.pid} ${b.birth} 0\n- ${a.pid}\n`);
    await expect(gone(b.pid), 'it is gone').toHappenWithin(1_000);
    expect(isAlive(a.pid)).toBe(true);
  });

  test('kills the whole process group if the line has GROUP 1', async () => {
    const { pid, birth, childOfIts } = await sleeper();
    expect(isAlive(childOfIts)).toBe(true);
    await reap(`+ ${pid} ${birth} 1\n`);
    await expect(gone(pid, childOfIts), 'they are gone').toHappenWithin(1_000);
  });

  test('does not wait if no process is left', async () => {
    await expect(reap('+ 999999 1 0\n- 999999\n'), 'the reaper ends').toHappenWithin(600);
  });

  test('waits the usual time and then kills, even if the shell has only its own commands', async () => {
    const { pid, birth } = await sleeper();
    const began = performance.now();
    await reap(`+ ${pid} ${birth} 0\n`, 'proc', '/nowhere');
    expect(performance.now() - began).toBeGreaterThan(600);
    await expect(gone(pid), 'it is gone').toHappenWithin(1_000);
    // If no plugin is left, there is nothing to wait for.
    await expect(reap(`+ ${pid} ${birth} 0\n`, 'proc', '/nowhere'), 'the reaper ends').toHappenWithin(600);
  });

  test.each([
    ['', '/usr/bin:/bin', ''],
    [', without ls', '/nowhere', ''],
    [', even if the wrapper is gone', '/usr/bin:/bin', 'exit'],
    [', even if the wrapper has closed it', '/usr/bin:/bin', 'exec 3<&-; read -r line'],
  ])('kills each process that holds a given pipe%s, and no other', async (_which, path, then) => {
    const [one, other] = [await wrapper(then), await wrapper('')];
    const [pipe, otherPipe] = [one, other].map(({ inner }) => pipeNameOf(inner, 3));
    expect(pipe).toMatch(/^3\/\d+$/);
    expect(otherPipe).not.toBe(pipe);
    expect(holdersOf(pipe!)).toContain(one.inner);
    expect(holdersOf(pipe!)).not.toContain(other.inner);
    await reap(`+ ${one.pid} ${one.birth} 0 ${pipe}\n`, 'proc', path);
    await expect(gone(one.inner), 'it is gone').toHappenWithin(1_000);
    expect([other.pid, other.inner].map(isAlive)).toEqual([true, true]);
  });

  test.each(['/usr/bin:/bin', '/nowhere'])(
    'does not kill a stranger whose descriptor 3 is the file that a wrapper has put in place of its pipe (PATH=%s)',
    async (path) => {
      const one = await wrapper('exec 3</dev/null; read -r line');
      const file = openSync('/dev/null', 'r');
      const stranger = spawn('sleep', ['30'], { stdio: ['ignore', 'ignore', 'ignore', file] });
      closeSync(file);
      onTestFinished(() => void stranger.kill());
      await once(stranger, 'spawn');
      await reap(`+ ${one.pid} ${one.birth} 0 ${pipeNameOf(one.inner, 3)}\n`, 'proc', path);
      await expect(gone(one.pid), 'the wrapper is gone').toHappenWithin(1_000);
      expect(isAlive(stranger.pid as number)).toBe(true);
    },
  );

  test('does not kill a process whose pipe has another number, or whose file only has the name of a pipe', async () => {
    const [one, other] = [await wrapper(''), await wrapper('', 'a -> socket:[4711]')];
    await reap(`+ ${one.pid} 12345 0 3/4711\n+ 999999 1 0 3/4711\n+ 999999 1 0 0/4711\n`);
    expect([one.pid, one.inner, other.pid, other.inner].map(isAlive)).toEqual([true, true, true, true]);
  });

  test('asks ps if /proc does not identify a process, and accepts only children of its host', async () => {
    const { pid, childOfIts } = await sleeper();
    await reap(`+ ${pid} ? 0\n+ ${childOfIts} ? 0\n`, 'ps');
    await expect(gone(pid), 'it is gone').toHappenWithin(1_000);
    expect(isAlive(childOfIts)).toBe(true);
  });

  test('kills nothing if neither /proc nor ps identifies a process', async () => {
    const { pid } = await sleeper();
    const directory = await mkdtemp(join(tmpdir(), 'pipework-reaper-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    await symlink('/bin/sleep', join(directory, 'sleep'));
    await reap(`+ ${pid} ? 1\n`, 'ps', directory);
    expect(isAlive(pid)).toBe(true);
  });
});
