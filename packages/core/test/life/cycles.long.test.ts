/**
 * Tests that cycles of a start, a call and a kill() leave no process, no descriptor and no listener.
 * `reliability/` runs a thousand of these cycles.
 */

import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Client } from '../../src/index.ts';
import { fixture, isAlive, noProc, until, type Fixtures } from '../support/life.ts';

const descriptors = (): number => readdirSync('/proc/self/fd').length;

/** Returns the plugins and zombies among the children of this process. */
function children(): string[] {
  const list = execFileSync('ps', ['-o', 'pid=,stat=,args=', '--ppid', String(process.pid)], {
    encoding: 'utf8',
  });
  return list.split('\n').filter((line) => line.includes('greets') || / Z/.test(line));
}

async function cycle(): Promise<number> {
  const client = new Client<Fixtures>({
    cmd: [process.execPath, fixture('greets')],
    stdin: 'ignore',
    managed: true,
  });
  const rpc = await client.client();
  const greeter = await rpc.dispense('greeter');
  expect(await greeter.greet('again')).toBe('Hello, again!');
  expect(await client.kill()).toMatchObject({ by: 'quit', code: 0 });
  return client.pid as number;
}

test.skipIf(noProc)(
  `40 starts and kills leave no child, zombie, descriptor or listener${noProc}`,
  { timeout: 60_000 },
  async () => {
    // The first cycle starts the reaper, and loads the modules that are loaded lazily, so the counts begin
    // after it.
    await cycle();
    const before = descriptors();
    const listeners = process.listenerCount('exit');
    const pids: number[] = [];
    for (let i = 0; i < 10; i++) pids.push(...(await Promise.all(Array.from({ length: 4 }, cycle))));
    expect(pids.filter(isAlive)).toEqual([]);
    await until(() => descriptors() <= before);
    expect(children()).toEqual([]);
    expect(process.listenerCount('exit')).toBe(listeners);
  },
);
