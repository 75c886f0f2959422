import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { Client, withCallOptions } from '@pipework/core';
import { Supervisor, type StateChange } from '../src/index.ts';
import { workerCommand, type Workers } from './support/worker.ts';

const quick = { initialDelayMs: 1, maxDelayMs: 10 };

/** Resolves with the next change to `state`. */
function nextState(supervisor: Supervisor<Workers>, state: StateChange['state']): Promise<StateChange> {
  return new Promise((resolve) => {
    const off = supervisor.on('state', (change) => {
      if (change.state !== state) return;
      off();
      resolve(change);
    });
  });
}

describe('a supervisor', () => {
  test('names the options of a supervisor when it refuses an unknown option', () => {
    const make = () => new Supervisor({ cmd: workerCommand(), restarts: 3 } as never);
    expect(make).toThrow(/^config must be made of restart, .*, clock, cmd, .*, not restarts$/);
    const refusal = (act: () => unknown): string => {
      try {
        act();
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    };
    const [, ofClient] = /made of (.*), not/.exec(refusal(() => new Client({ restarts: 3 } as never))) ?? [];
    expect(ofClient).toMatch(/^cmd, /);
    expect(refusal(make)).toContain(`, clock, ${ofClient}, not`);
  });

  test.each([
    [{}, /^cmd must be /],
    [{ cmd: [] }, /^cmd\[0\] must be the program to run; got nothing$/],
    [{ cmd: Object.assign([], { 1: 'x' }) }, /^cmd\[0\] must be the program to run; got nothing$/],
    [{ cmd: ['x', 'a\0b'] }, /^cmd\.args must be a list of texts without NUL/],
    [{ cmd: ['x', 5] }, /^cmd\.args must be a list of texts/],
    [{ cmd: Object.assign(['x'], { 2: 'y' }) }, /^cmd\.args must be a list of texts/],
    [{ cmd: { file: 'x', args: Object.assign([], { 1: 'y' }) } }, /^cmd\.args must be a list of texts/],
    [{ cmd: ['x'], provide: {}, idleMs: 5, handlerInterceptors: 5 }, /^handlerInterceptors must be a list/],
    [{ cmd: ['x'], watch: Object.assign([], { 1: 'y' }) }, /^watch: expected a path or a list of paths/],
    [{ cmd: ['x'], watch: [undefined] }, /^watch: expected a path or a list of paths/],
  ])('refuses the options %j, and the error names the option', (options, message) => {
    expect(() => new Supervisor(options as never)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) as string }),
    );
  });

  test('starts its plugin at the first dispense', async () => {
    await using supervisor = new Supervisor<Workers>({ cmd: workerCommand() });
    expect(supervisor.state).toBe('new');
    const worker = await supervisor.dispense('worker');
    expect(supervisor.state).toBe('ready');
    expect(await worker.echo('hello')).toBe('hello');
    expect(supervisor.generation).toBe(1);
  });

  test('restarts the plugin when it has ended, and the same remote continues to work', async () => {
    await using supervisor = new Supervisor<Workers>({ cmd: workerCommand(), restart: quick });
    const worker = await supervisor.dispense('worker');
    const first = await worker.pid();
    const waiting = nextState(supervisor, 'waiting');
    await expect(worker.die(7)).rejects.toMatchObject({
      code: 'RPC_CLOSED',
      sent: true,
      cause: { code: 'PLUGIN_EXITED' },
    });
    const second = await worker.pid();
    expect(second).not.toBe(first);
    expect(supervisor.generation).toBe(2);
    expect((await waiting).exit).toMatchObject({ code: 7 });
  });

  test('refuses an unknown name', async () => {
    await using supervisor = new Supervisor<Workers>({ cmd: workerCommand() });
    await expect(supervisor.dispense('wrker' as 'worker')).rejects.toMatchObject({
      code: 'RPC_UNKNOWN_PLUGIN',
    });
  });

  test('gives up after more failures than restart.atMost, and reports the last failure', async () => {
    await using supervisor = new Supervisor<Workers>({
      cmd: workerCommand('fails'),
      restart: { ...quick, atMost: 2 },
    });
    const starts: number[] = [];
    supervisor.on('state', ({ state, generation }) => {
      if (state === 'starting') starts.push(generation);
    });
    const error: unknown = await supervisor.start().catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code: 'FLEET_GIVEN_UP', cause: { code: 'HANDSHAKE_EXITED' } });
    expect(supervisor.state).toBe('given-up');
    await expect(supervisor.dispense('worker')).rejects.toMatchObject({
      code: 'FLEET_GIVEN_UP',
      sent: false,
    });
  });

  test('starts again if it is reloaded after it gave up', async () => {
    await using supervisor = new Supervisor<Workers>({ cmd: workerCommand('fails'), restart: false });
    await expect(supervisor.start()).rejects.toMatchObject({ code: 'FLEET_GIVEN_UP' });
    await supervisor.reload({ cmd: workerCommand() });
    expect(supervisor.state).toBe('ready');
    expect(await (await supervisor.dispense('worker')).echo(1)).toBe(1);
  });

  test('lets calls wait while no process is ready, up to maxWaitingCalls', async () => {
    await using supervisor = new Supervisor<Workers>({
      cmd: workerCommand(),
      restart: quick,
      maxWaitingCalls: 2,
    });
    const worker = await supervisor.dispense('worker');
    await expect(worker.die()).rejects.toThrow();
    const outcomes = await Promise.allSettled([worker.echo(1), worker.echo(2), worker.echo(3)]);
    expect(outcomes.slice(0, 2)).toEqual([
      { status: 'fulfilled', value: 1 },
      { status: 'fulfilled', value: 2 },
    ]);
    expect(outcomes[2]).toMatchObject({
      status: 'rejected',
      reason: { code: 'RPC_OVERLOADED', sent: false },
    });
  });

  test('rejects a waiting call at its deadline, and a call whose signal has aborted', async () => {
    await using supervisor = new Supervisor<Workers>({
      cmd: workerCommand(),
      restart: { initialDelayMs: 60_000, maxDelayMs: 60_000 },
    });
    const worker = await supervisor.dispense('worker');
    await expect(worker.die()).rejects.toThrow();
    await expect(withCallOptions(worker, { deadlineMs: 5 }).echo(1)).rejects.toMatchObject({
      code: 'RPC_DEADLINE',
      sent: false,
    });
    const reason = new Error('no longer wanted');
    await expect(withCallOptions(worker, { signal: AbortSignal.abort(reason) }).echo(1)).rejects.toBe(reason);
  });

  test('streams items, and passes callbacks on', async () => {
    await using supervisor = new Supervisor<Workers>({ cmd: workerCommand() });
    const worker = await supervisor.dispense('worker');
    const items: number[] = [];
    for await (const item of worker.count(3)) items.push(item);
    expect(items).toEqual([1, 2, 3]);
    const pids: number[] = [];
    await worker.call(async (pid) => void pids.push(pid));
    expect(pids).toEqual([await worker.pid()]);
  });

  test('replaces the process in a reload, and fails no call', async () => {
    await using supervisor = new Supervisor<Workers>({ cmd: workerCommand('one') });
    const worker = await supervisor.dispense('worker');
    const before = await worker.pid();
    const long = worker.wait(200);
    let isOver = false;
    const calls = (async () => {
      let count = 0;
      for (; !isOver; count += 1) await worker.echo(count);
      return count;
    })();
    await supervisor.reload({ cmd: workerCommand('two') });
    expect(await worker.version()).toBe('two');
    isOver = true;
    expect(await calls).toBeGreaterThan(0);
    await long;
    expect(await worker.pid()).not.toBe(before);
  });

  test('keeps the old process if the new version does not start', async () => {
    await using supervisor = new Supervisor<Workers>({ cmd: workerCommand('one') });
    const worker = await supervisor.dispense('worker');
    await expect(supervisor.reload({ cmd: workerCommand('fails') })).rejects.toMatchObject({
      code: 'HANDSHAKE_EXITED',
    });
    expect(supervisor.state).toBe('ready');
    expect(await worker.version()).toBe('one');
    await supervisor.reload();
    expect(await worker.version()).toBe('one');
  });

  test('runs setup in each process before the process counts as ready', async () => {
    const generations: number[] = [];
    await using supervisor = new Supervisor<Workers>({
      cmd: workerCommand(),
      restart: quick,
      setup: async (rpc, { generation }) => {
        const worker = await rpc.dispense('worker');
        await worker.echo('set up');
        generations.push(generation);
      },
    });
    const worker = await supervisor.dispense('worker');
    await expect(worker.die()).rejects.toThrow();
    await worker.pid();
    expect(generations).toEqual([1, 2]);
  });

  test('reports the exit of a process that ended during its setup', async () => {
    await using supervisor = new Supervisor<Workers>({
      cmd: workerCommand(),
      restart: false,
      setup: async (rpc) => {
        const worker = await rpc.dispense('worker');
        worker.die(9).catch(() => {});
        await new Promise(() => {});
      },
    });
    await expect(supervisor.start()).rejects.toMatchObject({
      code: 'FLEET_GIVEN_UP',
      cause: { code: 'PLUGIN_EXITED', exit: { code: 9 } },
      message: expect.stringContaining('exit code 9') as string,
    });
  });

  test('adds one listener to a signal that many waiting calls share', async () => {
    await using supervisor = new Supervisor<Workers>({
      cmd: workerCommand(),
      restart: { initialDelayMs: 60_000, maxDelayMs: 60_000 },
    });
    const worker = await supervisor.dispense('worker');
    await expect(worker.die()).rejects.toThrow();
    const controller = new AbortController();
    const { signal } = controller;
    const bound = withCallOptions(worker, { signal });
    const calls = Array.from({ length: 20 }, (_, n) => bound.echo(n));
    await expect.poll(() => getEventListeners(signal, 'abort').length).toBe(1);
    const reason = new Error('no longer wanted');
    controller.abort(reason);
    for (const outcome of await Promise.allSettled(calls)) expect(outcome).toMatchObject({ reason });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('ends a process that answers no health check, and starts another', async () => {
    await using supervisor = new Supervisor<Workers>({
      cmd: workerCommand(),
      restart: quick,
      health: { everyMs: 20, timeoutMs: 100, failures: 2 },
    });
    const worker = await supervisor.dispense('worker');
    const waiting = nextState(supervisor, 'waiting');
    const blocked = worker.block(600_000);
    await expect(blocked).rejects.toMatchObject({ code: 'RPC_CLOSED', sent: true });
    expect((await waiting).error?.message).toContain('health check');
    expect(await worker.echo('again')).toBe('again');
  });

  test('switches to a spare immediately', async () => {
    await using supervisor = new Supervisor<Workers>({ cmd: workerCommand(), spare: 1, restart: quick });
    const worker = await supervisor.dispense('worker');
    const ready = nextState(supervisor, 'ready');
    await expect(worker.die()).rejects.toThrow();
    expect(await worker.echo(1)).toBe(1);
    expect((await ready).generation).toBeGreaterThan(1);
  });

  test('ends a plugin that is not used, and starts one with the next call', async () => {
    await using supervisor = new Supervisor<Workers>({ cmd: workerCommand(), idleMs: 40 });
    const worker = await supervisor.dispense('worker');
    const first = await worker.pid();
    await nextState(supervisor, 'idle');
    expect(await worker.pid()).not.toBe(first);
    expect(supervisor.generation).toBe(2);
  });

  test('refuses calls after stop(), and lets running calls finish', async () => {
    const supervisor = new Supervisor<Workers>({ cmd: workerCommand() });
    const worker = await supervisor.dispense('worker');
    const running = worker.wait(100);
    const stopping = supervisor.stop();
    expect(supervisor.state).toBe('stopped');
    await expect(worker.echo(1)).rejects.toMatchObject({ code: 'FLEET_STOPPED', sent: false });
    await running;
    await stopping;
    await expect(supervisor.start()).rejects.toMatchObject({ code: 'FLEET_STOPPED' });
  });

  test('stops without draining when its signal aborts', async () => {
    const controller = new AbortController();
    const supervisor = new Supervisor<Workers>({ cmd: workerCommand(), signal: controller.signal });
    const worker = await supervisor.dispense('worker');
    const hung = worker.hang();
    const reason = new Error('the user left');
    controller.abort(reason);
    await expect(hung).rejects.toMatchObject({ code: 'RPC_CLOSED', sent: true });
    await expect(worker.echo(1)).rejects.toMatchObject({ code: 'FLEET_STOPPED', cause: reason });
    await supervisor.stop();
  });
});
