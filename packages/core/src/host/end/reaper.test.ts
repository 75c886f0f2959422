/** The reaper's script by itself: its pipe ends here as it would with its host. What plugins see of it is in test/life. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isAlive } from '../../../test/support/life.ts';
import { identify, reaperScript } from './reaper-script.ts';

/** Tells a reaper this, and lets its host die; resolves when it has done what it had to. */
async function reap(told: string): Promise<void> {
  const reaper = spawn('/bin/sh', ['-c', reaperScript], { stdio: ['pipe', 'ignore', 'ignore'] });
  reaper.stdin.end(told);
  await once(reaper, 'exit');
}

/** Somebody who would sleep on. */
async function sleeper(): Promise<{ pid: number; birth: string; childOfIts: number }> {
  const child = spawn('/bin/sh', ['-c', 'sleep 30 & echo $!; wait'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  onTestFinished(() => {
    try {
      // The group: its leader may be gone while its child sleeps on.
      process.kill(-(child.pid as number), 'SIGKILL');
    } catch {
      // Nobody of it is left.
    }
  });
  const [told] = (await once(child.stdout, 'data')) as [Buffer];
  const pid = child.pid as number;
  return { pid, birth: identify(pid).birth, childOfIts: Number(told) };
}

describe.skipIf(process.platform === 'win32')('the reaper', () => {
  test('kills who is left when its host has gone', async () => {
    const { pid, birth } = await sleeper();
    await reap(`+ ${pid} ${birth} 0\n`);
    await expect(() => !isAlive(pid), 'it is gone').toHappenWithin(1_000);
  });

  test('leaves alone whose id it was told before another process got it', async () => {
    const { pid } = await sleeper();
    await reap(`+ ${pid} 12345 0\n+ ${pid} 12345 1\n`);
    expect(isAlive(pid)).toBe(true);
  });

  test('leaves alone who is reported gone', async () => {
    const [a, b] = [await sleeper(), await sleeper()];
    await reap(`+ ${a.pid} ${a.birth} 0\n+ ${b.pid} ${b.birth} 0\n- ${a.pid}\n`);
    await expect(() => !isAlive(b.pid), 'it is gone').toHappenWithin(1_000);
    expect(isAlive(a.pid)).toBe(true);
  });

  test('kills the whole group where that was asked', async () => {
    const { pid, birth, childOfIts } = await sleeper();
    expect(isAlive(childOfIts)).toBe(true);
    await reap(`+ ${pid} ${birth} 1\n`);
    await expect(() => !isAlive(pid) && !isAlive(childOfIts), 'it is gone').toHappenWithin(1_000);
  });

  test('finds out by itself who a process is where its host could not tell', async () => {
    const { pid } = await sleeper();
    await reap(`+ ${pid} ? 0\n`);
    await expect(() => !isAlive(pid), 'it is gone').toHappenWithin(1_000);
  });

  test('does not wait where nobody is left', async () => {
    await expect(reap('+ 999999 1 0\n- 999999\n'), 'the reaper ends').toHappenWithin(600);
  });
});
