// The plugins of these tests run in this process, and the tests move the clock, so that no test waits for
// real time to pass.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ref, withCallOptions, type PluginContext } from '@pipework/core';
import { callContext } from '@pipework/core/plugin';
import { fakePlugin, memoryLauncher } from '@pipework/testkit';
import { Pool, Supervisor, type StateChange } from '../src/index.ts';
import { defer, PathWatch, realClock } from './support/internals.ts';
import { SteppedClock } from './support/stepped-clock.ts';

interface Plugins {
  worker: { work(): Promise<string>; open(): Promise<{ next(): Promise<number> } & Disposable> };
}

function make(options: Partial<ConstructorParameters<typeof Supervisor<Plugins>>[0]> = {}) {
  const fake = fakePlugin<Plugins['worker']>({
    work: async () => 'done',
    open: async () => ref({ next: async () => 1 }) as never,
  });
  const clock = new SteppedClock();
  const launcher = memoryLauncher<Plugins>({ worker: () => fake });
  const supervisor = new Supervisor<Plugins>({ cmd: ['fake'], launcher, clock, ...options });
  const reaches = (state: StateChange['state']): Promise<StateChange> =>
    new Promise((resolve) => {
      const off = supervisor.on('state', (change) => {
        if (change.state !== state) return;
        off();
        resolve(change);
      });
    });
  return { supervisor, clock, launcher, fake, reaches };
}

describe('the deadline of a call counts from the end of the turn in which it is made', () => {
  const leftMs = async (): Promise<string> => String(callContext().remainingMs);

  test('of a pool, if the call waits for its place', async () => {
    const clock = new SteppedClock();
    const launcher = memoryLauncher<Plugins>({
      worker: () => fakePlugin<Plugins['worker']>({ work: leftMs }),
    });
    await using pool = new Pool<Plugins>({ cmd: ['fake'], launcher, clock, max: 1 });
    const worker = withCallOptions(await pool.dispense('worker'), { deadlineMs: 60_000 });
    await worker.work();
    const calls = [worker.work(), worker.work()];
    clock.pass(90_000);
    for (const left of await Promise.all(calls)) expect(Number(left)).toBeGreaterThan(1);
  });

  test('of a supervisor, if the call waits for a process', async () => {
    const { supervisor, clock, fake, reaches } = make();
    await using _ = supervisor;
    const worker = withCallOptions(await supervisor.dispense('worker'), { deadlineMs: 60_000 });
    fake.crash({ on: 'work' });
    const waiting = reaches('waiting');
    await expect(worker.work()).rejects.toMatchObject({ sent: true });
    await waiting;
    fake.reset();
    fake.work = leftMs;
    const call = worker.work();
    clock.pass(90_000);
    clock.step();
    expect(Number(await call)).toBeGreaterThan(1);
  });

  test('on the real clock, as each of its waits', async () => {
    const fired = new Promise<number>((resolve) => {
      realClock.after(10, () => resolve(realClock.now()));
    });
    for (const began = realClock.now(); realClock.now() - began < 30;);
    const endedAt = realClock.now();
    // Node's timers are exact to a millisecond.
    expect((await fired) - endedAt).toBeGreaterThanOrEqual(9);
  });
});

describe('a pool of plugins in memory', () => {
  test('keeps a process whose successor does not start, and starts another successor', async () => {
    let attempts = 0;
    let isFull = true;
    const pool = new Pool<Pick<Plugins, 'worker'>>({
      cmd: ['fake'],
      launcher: memoryLauncher<Plugins>({
        worker: () => fakePlugin<Plugins['worker']>({ work: async () => 'done' }),
      }),
      max: 1,
      recycle: { calls: 1 },
      restart: { atMost: 1, initialDelayMs: 1, maxDelayMs: 5 },
      setup: async (_rpc, { generation }) => {
        if (generation === 1 || !isFull) return;
        attempts += 1;
        throw new Error('the disk is full');
      },
    });
    const worker = await pool.dispense('worker');
    while (attempts < 4) expect(await worker.work()).toBe('done');
    expect(pool.stats()).toMatchObject({ processes: 1, recycled: 0, failed: 0 });
    isFull = false;
    await expect.poll(() => pool.stats().recycled).toBeGreaterThan(0);
    expect(await worker.work()).toBe('done');
    await pool.stop();
  });
});

describe('a supervisor on a stepped clock', () => {
  test('doubles its delays up to maxDelayMs, and gives up after atMost restarts', async () => {
    const launcher = (): never => {
      throw new Error('no such plugin');
    };
    const restart = { atMost: 4, initialDelayMs: 100, maxDelayMs: 500 };
    const { supervisor, clock, reaches } = make({ launcher, restart });
    const starting = supervisor.start();
    starting.catch(() => {});
    for (let n = 0; n < restart.atMost; n += 1) {
      await reaches('waiting');
      clock.step();
    }
    await expect(starting).rejects.toMatchObject({ code: 'FLEET_GIVEN_UP' });
    expect(clock.asked).toEqual([100, 200, 400, 500]);
    expect(clock.waits).toBe(0);
    await supervisor.stop();
  });

  test('leaves no timer after a setup that throws or has not settled at stop()', async () => {
    const restart = false;
    const throwing = make({
      restart,
      setup: () => {
        throw new Error('no database');
      },
    });
    await expect(throwing.supervisor.start()).rejects.toMatchObject({ cause: { message: 'no database' } });
    expect(throwing.clock.waits).toBe(0);
    const entered = defer();
    const hung = make({
      restart,
      setup: () => {
        entered.resolve();
        return new Promise(() => {});
      },
    });
    const starting = hung.supervisor.start();
    starting.catch(() => {});
    await entered.promise;
    await hung.supervisor.stop();
    await expect(starting).rejects.toMatchObject({ code: 'FLEET_STOPPED' });
    await expect.poll(() => hung.clock.waits).toBe(0);
  });

  test('also dispenses the implementations of its remotes in a spare and in a successor', async () => {
    let made = 0;
    const launcher = memoryLauncher<Plugins>({
      worker: () => {
        made += 1;
        return fakePlugin<Plugins['worker']>({ work: async () => 'done' });
      },
    });
    const { supervisor } = make({ launcher, spare: 1 });
    const worker = await supervisor.dispense('worker');
    await expect.poll(() => made).toBe(2);
    expect(launcher.launches).toBe(2);
    await supervisor.reload();
    await expect.poll(() => made).toBe(4);
    expect(launcher.launches).toBe(4);
    expect(await worker.work()).toBe('done');
    await supervisor.stop();
  });

  test('ends a plugin that only health checks use, although an implementation is dispensed', async () => {
    const { supervisor, clock, reaches } = make({
      idleMs: 1_000,
      health: { everyMs: 300, timeoutMs: 1_000_000, failures: 1 },
    });
    const worker = await supervisor.dispense('worker');
    await worker.work();
    const idle = reaches('idle');
    while (supervisor.state === 'ready') {
      clock.step();
      // The plugin is in this process, so it answers a check within a few turns of the event loop.
      for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    }
    await idle;
    expect(clock.now()).toBeLessThan(2_000);
    expect(await worker.work()).toBe('done');
    await supervisor.stop();
    expect(clock.waits).toBe(0);
  });

  test('does not end a plugin while the host holds a reference to one of its objects', async () => {
    const { supervisor, clock, reaches } = make({ idleMs: 1_000 });
    const worker = await supervisor.dispense('worker');
    const opened = await worker.open();
    for (let looks = 0; looks < 12; looks += 1) clock.step();
    expect(supervisor.state).toBe('ready');
    expect(await opened.next()).toBe(1);
    const idle = reaches('idle');
    void opened[Symbol.dispose]();
    await expect
      .poll(() => (supervisor.state === 'ready' ? clock.step() : undefined, supervisor.state))
      .toBe('idle');
    await idle;
    await supervisor.stop();
  });

  test('counts calls from the plugin to a service of the host as use', async () => {
    interface Services {
      log: { note(text: string): Promise<void> };
    }
    let resolve!: (host: PluginContext<Services>['host']) => void;
    const pluginsHost = new Promise<PluginContext<Services>['host']>((settle) => {
      resolve = settle;
    });
    const fake = fakePlugin<Plugins['worker']>();
    const clock = new SteppedClock();
    const supervisor = new Supervisor<Plugins, Services>({
      cmd: ['fake'],
      launcher: memoryLauncher<Plugins, Services>({
        worker: ({ host }) => {
          resolve(host);
          return fake;
        },
      }),
      clock,
      idleMs: 1_000,
      provide: { log: () => ({ note: async () => {} }) },
    });
    await supervisor.dispense('worker');
    const log = await (await pluginsHost).dispense('log');
    for (let looks = 0; looks < 12; looks += 1) {
      clock.step();
      await log.note('at work');
    }
    expect(supervisor.state).toBe('ready');
    for (let looks = 0; looks < 4; looks += 1) clock.step();
    expect(supervisor.state).toBe('idle');
    await supervisor.stop();
  });
});

describe('a watch', () => {
  test('reports several changes of files as one', async () => {
    const clock = new SteppedClock();
    let changes = 0;
    const folder = mkdtempSync(join(tmpdir(), 'watch-'));
    const watch = new PathWatch([folder], clock, () => (changes += 1), console.error);
    await watch.ready();
    for (const name of ['a', 'b', 'c']) writeFileSync(join(folder, name), name);
    await expect.poll(() => clock.asked.length).toBeGreaterThanOrEqual(3);
    expect(clock.waits).toBe(1);
    expect(changes).toBe(0);
    clock.step();
    expect(changes).toBe(1);
    await watch.stop();
    rmSync(folder, { recursive: true });
  });
});
