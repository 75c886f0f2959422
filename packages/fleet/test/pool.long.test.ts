import { getEventListeners } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { withCallOptions, type CallOptions } from '@pipework/core';
import { Pool, type PoolCallOptions } from '../src/index.ts';
import { workerCommand, type Worker, type Workers } from './support/worker.ts';

const quick = { initialDelayMs: 1, maxDelayMs: 10 };
const withOptions = (worker: object, options: PoolCallOptions): Worker =>
  withCallOptions(worker, options as CallOptions) as unknown as Worker;

/** Makes an abort controller whose signal is not an instance of this realm's class. */
function foreignController(): AbortController {
  const controller = new AbortController();
  Object.setPrototypeOf(
    controller.signal,
    Object.create(EventTarget.prototype, Object.getOwnPropertyDescriptors(AbortSignal.prototype)) as object,
  );
  return controller;
}

describe('a pool', () => {
  test('names the options of a pool when it refuses an unknown option', () => {
    const make = () => new Pool({ cmd: workerCommand(), maxProcesses: 2 } as never);
    expect(make).toThrow(/^config must be made of min, max, .*, cmd, .*, not maxProcesses$/);
    expect(make).not.toThrow(/watch|maxWaitingCalls/);
  });

  test.each([
    [{ cmd: [] }, /^cmd\[0\] must be the program to run; got nothing$/],
    [{ cmd: Object.assign(['x'], { 2: 'y' }) }, /^cmd\.args must be a list of texts/],
    [{ cmd: ['x'], managed: 1 }, /^managed must be true or false/],
  ])('refuses the options %j, and the error names the option', (options, message) => {
    expect(() => new Pool(options as never)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) as string }),
    );
  });

  test('has errors that give the deadline in whole milliseconds, or say that the pool was stopped', async () => {
    await using pool = new Pool<Workers>({ cmd: workerCommand(), max: 1 });
    const worker = await pool.dispense('worker');
    await worker.pid();
    await expect(withCallOptions(worker, { deadlineMs: 20 }).wait(10_000)).rejects.toThrow(
      /within its deadline of \d+ ms$/,
    );
    await pool.stop({ drain: false });
    await expect(worker.pid()).rejects.toThrow(/^the pool of '.*' was stopped$/);
  });

  test('starts processes when calls need them, up to max', async () => {
    await using pool = new Pool<Workers>({ cmd: workerCommand(), max: 2 });
    const worker = await pool.dispense('worker');
    expect(pool.stats().processes).toBe(0);
    const pids = new Set<number>();
    const callTwice = async (): Promise<void> => {
      await worker.wait(20);
      pids.add(await worker.pid());
    };
    // The first process may have answered all calls before the second one is ready.
    while (pids.size < 2) await Promise.all(Array.from({ length: 8 }, callTwice));
    expect(pool.stats()).toMatchObject({ processes: 2, busy: 0, queued: 0, failed: 0 });
  });

  test('keeps min processes ready after start()', async () => {
    await using pool = new Pool<Workers>({ cmd: workerCommand(), min: 2, max: 2 });
    await pool.start();
    expect(pool.stats().processes).toBe(2);
  });

  test('gives a process at most callsPerProcess calls at the same time', async () => {
    await using pool = new Pool<Workers>({ cmd: workerCommand(), max: 1, callsPerProcess: 2 });
    const worker = await pool.dispense('worker');
    await worker.pid();
    const calls = [worker.wait(30), worker.wait(30), worker.wait(30)];
    expect(pool.stats()).toMatchObject({ busy: 1, queued: 1 });
    await Promise.all(calls);
  });

  test('refuses calls above maxQueued, and rejects queued calls on abort and at their deadline', async () => {
    await using pool = new Pool<Workers>({ cmd: workerCommand(), max: 1, maxQueued: 2 });
    const worker = await pool.dispense('worker');
    await worker.pid();
    const running = worker.wait(300);
    const controller = new AbortController();
    const aborted = withOptions(worker, { signal: controller.signal }).echo(1);
    const late = withOptions(worker, { deadlineMs: 10 }).echo(2);
    await expect(worker.echo(3)).rejects.toMatchObject({ code: 'RPC_OVERLOADED', sent: false });
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    await expect(late).rejects.toMatchObject({ code: 'RPC_DEADLINE', sent: false });
    expect(pool.stats().queued).toBe(0);
    await running;
    await expect(withOptions(worker, { signal: controller.signal }).echo(4)).rejects.toBe(reason);
    expect(pool.stats()).toMatchObject({ failed: 4, completed: 2 });
  });

  test.each([
    ['an argument', (signal: AbortSignal) => [1, signal]],
    ['a field of an argument', (signal: AbortSignal) => [{ signal }]],
  ])("rejects a queued call if %s is another realm's signal that aborts", async (_where, argsWith) => {
    await using pool = new Pool<Workers>({ cmd: workerCommand(), max: 1 });
    const worker = await pool.dispense('worker');
    await worker.pid();
    const running = worker.hang();
    const controller = foreignController();
    const queued = (worker.echo as (...args: unknown[]) => Promise<unknown>)(...argsWith(controller.signal));
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(queued).rejects.toBe(reason);
    expect(pool.stats()).toMatchObject({ busy: 1, queued: 0 });
    await Promise.all([expect(running).rejects.toThrow(), pool.stop({ drain: false })]);
  });

  test('gives back a web stream where a test environment has no ReadableStream', async () => {
    await using pool = new Pool<Workers>({ cmd: workerCommand(), max: 1 });
    const worker = await pool.dispense('worker');
    vi.stubGlobal('ReadableStream', undefined);
    onTestFinished(() => void vi.unstubAllGlobals());
    const items: number[] = [];
    for await (const item of await worker.web()) items.push(item);
    expect(items).toEqual([1, 2]);
    await expect.poll(() => pool.stats()).toMatchObject({ busy: 0, completed: 1 });
  });

  test('starts a process for a call even if maxQueued is 0', async () => {
    await using pool = new Pool<Workers>({ cmd: workerCommand(), max: 1, maxQueued: 0 });
    const worker = await pool.dispense('worker');
    await expect(worker.echo(1)).rejects.toMatchObject({ code: 'RPC_OVERLOADED', sent: false });
    await expect.poll(() => pool.stats().processes).toBe(1);
    expect(await worker.echo(2)).toBe(2);
  });

  test('adds one listener to a signal that many queued calls share', async () => {
    await using pool = new Pool<Workers>({ cmd: workerCommand(), max: 1 });
    const worker = await pool.dispense('worker');
    await worker.pid();
    const running = worker.wait(100);
    const { signal } = new AbortController();
    const calls = Array.from({ length: 20 }, (_, n) => withOptions(worker, { signal }).echo(n));
    expect(getEventListeners(signal, 'abort').length).toBe(1);
    await running;
    expect(await Promise.all(calls)).toEqual(calls.map((_, n) => n));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('rejects a call with an unknown option, and gives its place to the next call', async () => {
    await using pool = new Pool<Workers>({ cmd: workerCommand(), max: 1 });
    const worker = await pool.dispense('worker');
    const asked = withOptions(worker, { retries: 3 } as PoolCallOptions).echo(1);
    await expect(asked).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      sent: false,
      message: expect.stringContaining('options.retries') as string,
    });
    expect(await worker.echo(2)).toBe(2);
    expect(pool.stats()).toMatchObject({ busy: 0, failed: 1, completed: 1 });
  });

  test('sends calls of one affinity to one process, in order', async () => {
    await using pool = new Pool<Workers>({ cmd: workerCommand(), max: 3, min: 3 });
    await pool.start();
    const worker = await pool.dispense('worker');
    const order: number[] = [];
    const pids = await Promise.all(
      [0, 1, 2, 3, 4, 5].map(async (n) => {
        const bound = withOptions(worker, { affinity: 'a', priority: n });
        const pid = await bound.pid();
        order.push(n);
        return pid;
      }),
    );
    expect(new Set(pids).size).toBe(1);
    expect(order).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('takes the call with the higher priority from the queue first', async () => {
    await using pool = new Pool<Workers>({ cmd: workerCommand(), max: 1 });
    const worker = await pool.dispense('worker');
    await worker.pid();
    const order: string[] = [];
    const running = worker.wait(50);
    const low = worker.echo('low').then((text) => order.push(text));
    const high = withOptions(worker, { priority: 1 })
      .echo('high')
      .then((text) => order.push(text));
    await Promise.all([running, low, high]);
    expect(order).toEqual(['high', 'low']);
  });

  test('keeps the place of a call until the stream in its result has ended', async () => {
    await using pool = new Pool<Workers>({ cmd: workerCommand(), max: 1 });
    const worker = await pool.dispense('worker');
    const stream = worker.count(3)[Symbol.asyncIterator]();
    await stream.next();
    expect(pool.stats().busy).toBe(1);
    const queued = worker.echo('after');
    expect(pool.stats().queued).toBe(1);
    await stream.return?.();
    expect(await queued).toBe('after');
  });

  test('gives the place of a stream back when `await using` disposes of the stream', async () => {
    await using pool = new Pool<Workers>({ cmd: workerCommand(), max: 1 });
    const worker = await pool.dispense('worker');
    {
      const call = worker.count(3) as unknown as Promise<AsyncGenerator<number> & AsyncDisposable>;
      await using stream = await call;
      expect(await stream.next()).toEqual({ done: false, value: 1 });
      expect(pool.stats().busy).toBe(1);
    }
    expect(await worker.echo('after')).toBe('after');
    expect(pool.stats().busy).toBe(0);
  });

  test('loses only the calls of a process that dies', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pool-'));
    const file = join(folder, 'notes');
    try {
      await using pool = new Pool<Workers>({ cmd: workerCommand(), max: 2, restart: quick });
      const worker = await pool.dispense('worker');
      const outcomes = await Promise.allSettled(
        Array.from({ length: 40 }, (_, n) => (n === 10 ? worker.die() : worker.note(file, n))),
      );
      const failed = outcomes.flatMap(({ status }, n) => (status === 'rejected' ? [n] : []));
      expect(failed).toEqual([10]);
      const notes = readFileSync(file, 'utf8').trim().split('\n').map(Number);
      expect(notes.toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: 40 }, (_, n) => n).filter((n) => n !== 10),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('replaces a process after recycle.calls calls, and fails no call', async () => {
    await using pool = new Pool<Workers>({ cmd: workerCommand(), max: 1, recycle: { calls: 5 } });
    const worker = await pool.dispense('worker');
    const pids = new Set<number>();
    while (pool.stats().recycled < 2) pids.add(await worker.pid());
    expect(pids.size).toBeGreaterThanOrEqual(2);
    expect(pool.stats().failed).toBe(0);
  });

  test('ends processes that are not used', async () => {
    await using pool = new Pool<Workers>({ cmd: workerCommand(), max: 2, idleMs: 40 });
    const worker = await pool.dispense('worker');
    await Promise.all([worker.wait(10), worker.wait(10)]);
    while (pool.stats().processes > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await worker.echo(1)).toBe(1);
  });

  test('replaces the processes one by one in a reload', async () => {
    await using pool = new Pool<Workers>({ cmd: workerCommand('one'), min: 2, max: 2 });
    await pool.start();
    const worker = await pool.dispense('worker');
    await pool.reload({ cmd: workerCommand('two') });
    const versions = await Promise.all(Array.from({ length: 6 }, () => worker.version()));
    expect(new Set(versions)).toEqual(new Set(['two']));
    await expect(pool.reload({ cmd: workerCommand('fails') })).rejects.toMatchObject({
      code: 'HANDSHAKE_EXITED',
    });
    expect(await worker.version()).toBe('two');
  });

  test('gives up when processes fail to start, but not when calls kill their processes', async () => {
    await using pool = new Pool<Workers>({ cmd: workerCommand(), max: 1, restart: { ...quick, atMost: 1 } });
    const worker = await pool.dispense('worker');
    for (let n = 0; n < 4; n += 1) {
      await worker.echo(n);
      await expect(worker.die()).rejects.toMatchObject({ sent: true });
    }
    expect(await worker.echo('alive')).toBe('alive');
    await using broken = new Pool<Workers>({
      cmd: workerCommand('fails'),
      max: 1,
      restart: { ...quick, atMost: 1 },
    });
    const remote = await broken.dispense('worker');
    await expect(remote.echo(1)).rejects.toMatchObject({ code: 'FLEET_GIVEN_UP', sent: false });
  });

  test('lets running and queued calls finish when it is stopped, and refuses new ones', async () => {
    const pool = new Pool<Workers>({ cmd: workerCommand(), max: 1 });
    const worker = await pool.dispense('worker');
    await worker.pid();
    const taken = [worker.wait(20), worker.echo(1), worker.echo(2)];
    const stopping = pool.stop();
    await expect(worker.echo(3)).rejects.toMatchObject({ code: 'FLEET_STOPPED', sent: false });
    await expect(pool.start()).rejects.toMatchObject({ code: 'FLEET_STOPPED' });
    expect(await Promise.all(taken)).toEqual([undefined, 1, 2]);
    await stopping;
    expect(pool.stats()).toMatchObject({ processes: 0, queued: 0, failed: 0 });
  });

  test('fails calls that are queued when drainMs has passed after stop()', async () => {
    const pool = new Pool<Workers>({ cmd: workerCommand(), max: 1, drainMs: 50 });
    const worker = await pool.dispense('worker');
    await worker.pid();
    const hung = worker.hang();
    const queued = worker.echo(1);
    const stopping = pool.stop();
    await expect(queued).rejects.toMatchObject({ code: 'FLEET_STOPPED', sent: false });
    await expect(hung).rejects.toMatchObject({ sent: true });
    await stopping;
  });

  test('ends a draining stop immediately after stop({ drain: false })', async () => {
    const pool = new Pool<Workers>({ cmd: workerCommand(), max: 1, drainMs: 600_000 });
    const worker = await pool.dispense('worker');
    await worker.pid();
    const hung = worker.hang();
    const queued = worker.echo(1);
    const stopping = pool.stop();
    expect(pool.stop({ drain: false })).toBe(stopping);
    await expect(queued).rejects.toMatchObject({ code: 'FLEET_STOPPED', sent: false });
    await expect(hung).rejects.toMatchObject({ sent: true });
    await stopping;
  });
});
