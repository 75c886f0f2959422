import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { cleanupClients } from '@pipework/core';
import { expectNoLeaks } from '@pipework/testkit';
import {
  fleetChannelName,
  Pool,
  poolChannelName,
  Supervisor,
  type PoolChange,
  type StateChange,
  type SupervisorConfig,
} from '../src/index.ts';
import { program, workerCommand, type Workers } from './support/worker.ts';

const quick = { initialDelayMs: 1, maxDelayMs: 10 };

/** Returns the messages that `channel` publishes while `work` runs. */
async function published<T>(channel: string, work: () => Promise<void>): Promise<T[]> {
  const messages: T[] = [];
  const listener = (message: unknown): void => void messages.push(message as T);
  subscribe(channel, listener);
  try {
    await work();
  } finally {
    unsubscribe(channel, listener);
  }
  return messages;
}

describe('a supervisor', () => {
  test('gives up immediately if a start cannot succeed', async () => {
    const states: string[] = [];
    await using supervisor = new Supervisor<Workers>({
      cmd: workerCommand(),
      checksum: { algorithm: 'sha256', value: '00'.repeat(32) },
    });
    supervisor.on('state', ({ state }) => states.push(state));
    await expect(supervisor.start()).rejects.toMatchObject({
      code: 'FLEET_GIVEN_UP',
      cause: { code: 'PLUGIN_CHECKSUM' },
    });
    await supervisor.stop();
    expect(states).toEqual(['starting', 'given-up', 'stopped']);
  });

  test('stops when the host calls cleanupClients(), if it is managed', async () => {
    const supervisor = new Supervisor<Workers>({ cmd: workerCommand(), managed: true, restart: quick });
    await using other = new Supervisor<Workers>({ cmd: workerCommand() });
    const worker = await supervisor.dispense('worker');
    const untouched = await other.dispense('worker');
    const stopped = new Promise<void>((resolve) => {
      supervisor.on('state', ({ state }) => {
        if (state === 'stopped') resolve();
      });
    });
    await cleanupClients();
    await stopped;
    await expect(worker.echo(1)).rejects.toMatchObject({ code: 'FLEET_STOPPED' });
    expect(await untouched.echo(1)).toBe(1);
    await using later = new Supervisor<Workers>({ cmd: workerCommand(), managed: true });
    expect(await (await later.dispense('worker')).echo(2)).toBe(2);
  });

  test('rejects a call of a reference whose process has ended, with an error that says so', async () => {
    await using supervisor = new Supervisor<Workers>({ cmd: workerCommand(), restart: quick });
    const worker = await supervisor.dispense('worker');
    const counter = await worker.counter();
    expect(await counter.next()).toBe(1);
    await expect(worker.die()).rejects.toThrow();
    await worker.pid();
    await expect(counter.next()).rejects.toMatchObject({
      code: 'RPC_CLOSED',
      sent: false,
      message: expect.stringContaining('has ended') as string,
    });
  });

  test('reports each change of state on a channel, with the exit and the reason', async () => {
    const changes = await published<StateChange & { name: string }>(fleetChannelName, async () => {
      const supervisor = new Supervisor<Workers>({ cmd: workerCommand(), name: 'told', restart: quick });
      const worker = await supervisor.dispense('worker');
      await expect(worker.die(5)).rejects.toThrow();
      await worker.pid();
      await supervisor.stop();
    });
    const told = changes.filter(({ name }) => name === 'told');
    expect(told.map(({ state, generation }) => `${state} ${generation}`)).toEqual([
      'starting 0',
      'ready 1',
      'waiting 1',
      'starting 1',
      'ready 2',
      'stopped 2',
    ]);
    expect(told[2]).toMatchObject({ exit: { code: 5, by: 'plugin' }, error: { message: /lost/ } });
  });

  test('switches to a ready spare, and starts another one', async () => {
    const pids: number[] = [];
    await using supervisor = new Supervisor<Workers>({
      cmd: workerCommand(),
      spare: 1,
      restart: quick,
      setup: async (rpc) => void pids.push(await (await rpc.dispense('worker')).pid()),
    });
    const worker = await supervisor.dispense('worker');
    await expect.poll(() => pids.length).toBe(2);
    await worker.echo('the spare has answered its setup, and is ready in the same turn');
    await expect(worker.die()).rejects.toThrow();
    expect(await worker.pid()).toBe(pids[1]);
    expect(supervisor.state).toBe('ready');
    await expect.poll(() => pids.length).toBe(3);
  });

  test('gives its plugin the services that the host provides', async () => {
    interface Services {
      oracle: { answer(question: string): Promise<string> };
    }
    const config: SupervisorConfig<Workers, Services> = {
      cmd: workerCommand(),
      restart: quick,
      provide: { oracle: () => ({ answer: async (question) => `${question} 42` }) },
    };
    expectTypeOf(config).toExtend<ConstructorParameters<typeof Supervisor<Workers, Services>>[0]>();
    await using supervisor = new Supervisor<Workers, Services>(config);
    const worker = await supervisor.dispense('worker');
    expect(await worker.ask('everything?')).toBe('everything? 42');
    await expect(worker.die()).rejects.toThrow();
    expect(await worker.ask('still?')).toBe('still? 42');
    await using pool = new Pool<Workers, Services>({ cmd: workerCommand(), provide: config.provide! });
    expect(await (await pool.dispense('worker')).ask('a pool?')).toBe('a pool? 42');
  });

  test('leaves no process, timer or descriptor after stop(), and neither does a pool', async () => {
    await expectNoLeaks(async () => {
      const supervisor = new Supervisor<Workers>({
        cmd: workerCommand(),
        spare: 1,
        restart: quick,
        watch: program,
        idleMs: 10_000,
        health: { everyMs: 10, timeoutMs: 10_000, failures: 1 },
      });
      const worker = await supervisor.dispense('worker');
      await supervisor.reload();
      await worker.die().catch(() => {});
      await supervisor.stop();
      const pool = new Pool<Workers>({ cmd: workerCommand(), max: 2, spare: 1, recycle: { calls: 1 } });
      const pooled = await pool.dispense('worker');
      await Promise.all([pooled.pid(), pooled.pid(), pooled.pid()]);
      await pool.stop();
    });
  });
});

describe('a pool', () => {
  test('reports on a channel each process that becomes ready or is gone, with exit and reason', async () => {
    const changes = await published<PoolChange>(poolChannelName, async () => {
      const pool = new Pool<Workers>({ cmd: workerCommand(), name: 'told', max: 1, restart: quick });
      const worker = await pool.dispense('worker');
      await worker.pid();
      await expect(worker.die(5)).rejects.toThrow();
      await worker.pid();
      await pool.stop();
    });
    const told = changes.filter(({ name }) => name === 'told');
    expect(
      told.map(({ process, change, exit }) => `${process} ${change} ${exit?.code ?? '-'}`).toSorted(),
    ).toEqual(['1 lost 5', '1 ready -', '2 ready -', '2 stopped 0']);
  });

  test('rejects start() with the reason why the pool gave up', async () => {
    await using pool = new Pool<Workers>({ cmd: workerCommand('fails'), min: 1, max: 1, restart: false });
    await expect(pool.start()).rejects.toMatchObject({
      code: 'FLEET_GIVEN_UP',
      cause: { code: 'HANDSHAKE_EXITED' },
    });
    await pool.reload({ cmd: workerCommand() });
    await pool.start();
    expect(pool.stats().processes).toBe(1);
  });
});
