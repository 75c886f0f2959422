import { mkdtemp, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { cleanupClients, cleanupCount, killed, type PluginExitError } from '../../src/index.ts';
import {
  Collector,
  enoughMs,
  failure,
  isAlive,
  isWindows,
  killedByLadder,
  killedBySignal,
  noSignals,
  plugin,
  until,
} from '../support/life.ts';

const greeting = '1|pipe|3,4|msgpack-rpc|1||1\\n';

describe('kill()', () => {
  test('makes an idle plugin leave by Quit', async () => {
    const client = plugin('greets');
    await client.client();
    const leaving = client.kill();
    await expect(leaving, 'an idle plugin leaves').toHappenWithin(800);
    expect(await leaving).toMatchObject({
      code: 0,
      signal: null,
      by: 'quit',
      outOfMemory: false,
      callsInFlight: [],
    });
    expect(client.exited).toBe(true);
    expect(isAlive(client.pid as number)).toBe(false);
  });

  test('ends a plugin whose own timers would keep it alive', async () => {
    const client = plugin('shuts-down-slowly', {}, '0');
    await client.client();
    expect(await client.kill()).toMatchObject({ code: 0, by: 'quit' });
  });

  test('closes the pipe of a plugin that does not answer Quit', async () => {
    const client = plugin('says-a-line', { gracePeriod: 150 }, greeting);
    await client.start();
    expect(await client.kill()).toMatchObject({ code: 0, by: 'eof' });
  });

  test.each(['0', '3'])('reports `quit` if the shutdown hook calls process.exit(%s)', async (code) => {
    const error = vi.fn();
    const client = plugin('exits-in-its-hook', { logger: { error } }, code);
    await client.client();
    expect(await client.kill()).toMatchObject({ code: Number(code), by: 'quit', callsInFlight: [] });
    expect(error).not.toHaveBeenCalled();
  });

  test.each([Infinity, 5_000.5])('gives a running call the grace period of %s ms', async (gracePeriod) => {
    const client = plugin('shuts-down-slowly', { gracePeriod }, '0');
    const trouble = await (await client.client()).dispense('trouble');
    const running = trouble.block(1_800);
    const exit = client.kill();
    await running;
    expect(await exit).toMatchObject({ by: 'quit', code: 0 });
  });

  test('sends SIGTERM if the plugin ignores the end of its pipe', async () => {
    const client = plugin('says-a-line', { gracePeriod: 150 }, greeting, 'ignores-eof');
    await client.start();
    const began = performance.now();
    const killing = client.kill();
    await expect(killing, 'the grace period and one second for the pipe').toHappenWithin(2_000);
    expect(await killing).toMatchObject({ signal: 'SIGTERM', by: 'sigterm' });
    expect(performance.now() - began).toBeGreaterThan(1_100);
  });

  test.skipIf(noSignals)(`sends SIGKILL if the plugin ignores SIGTERM${noSignals}`, async () => {
    const client = plugin('says-a-line', { gracePeriod: 150 }, greeting, 'ignores-eof', 'ignores-sigterm');
    await client.start();
    const killing = client.kill();
    await expect(killing, 'the grace period and a second for each further step').toHappenWithin(3_000);
    expect(await killing).toMatchObject({ signal: 'SIGKILL', by: 'sigkill', outOfMemory: false });
  });

  test('ends a plugin whose event loop is blocked', async () => {
    const client = plugin('makes-trouble', { gracePeriod: 150 });
    const trouble = await (await client.client()).dispense('trouble');
    const blocked = failure(trouble.block(60_000));
    const exit = await client.kill();
    // While the event loop is blocked, the handler that serve() adds for SIGTERM cannot run.
    expect(exit).toMatchObject(killedByLadder);
    expect((await blocked).message).toContain('Plugin.block');
  });

  test.skipIf(noSignals)(`ends a plugin that was stopped by SIGSTOP${noSignals}`, async () => {
    const client = plugin('makes-trouble', { gracePeriod: 150 });
    const trouble = await (await client.client()).dispense('trouble');
    await trouble.stop();
    const killing = client.kill();
    await expect(killing, 'the grace period and a second for each further step').toHappenWithin(3_000);
    expect(await killing).toMatchObject({ signal: 'SIGKILL', by: 'sigkill' });
  });

  test('never waits for a grandchild that holds the pipes', async () => {
    const client = plugin('makes-trouble');
    const trouble = await (await client.client()).dispense('trouble');
    // On Windows, only a detached child of Node can outlive its parent.
    const grandchild = await trouble.spawnSleeper(true, isWindows);
    try {
      const killing = client.kill();
      await expect(killing, 'the end of a plugin whose grandchild holds the pipes').toHappenWithin(1_000);
      expect(await killing).toMatchObject({ code: 0, by: 'quit' });
      expect(isAlive(grandchild)).toBe(true);
    } finally {
      process.kill(grandchild, 'SIGKILL');
    }
  });

  test('makes every later start() fail if kill() is called before the first start()', async () => {
    const client = plugin('greets');
    expect(await client.kill()).toMatchObject({ code: null, signal: null, by: 'none' });
    expect((await failure(client.start())).code).toBe('PLUGIN_KILLED');
    expect(client.pid).toBeUndefined();
    expect(client.exited).toBe(true);
  });

  test('ends a start that is under way', async () => {
    const client = plugin('never-greets');
    const started = failure(client.start());
    await until(() => client.pid !== undefined);
    const killing = client.kill();
    await expect(killing, 'the end of a plugin that never greets').toHappenWithin(1_500);
    expect((await started).code).toBe('PLUGIN_KILLED');
    expect((await killing).signal).toBe('SIGTERM');
  });

  test('leaves no process behind if kill() is called right after start()', async () => {
    const client = plugin('greets');
    const started = client.start().catch(() => {});
    await client.kill();
    await started;
    expect(client.pid === undefined || !isAlive(client.pid)).toBe(true);
  });

  test('can be called many times at the same time', async () => {
    const client = plugin('greets');
    await client.client();
    const exits = await Promise.all([client.kill(), client.kill(), client.exit, client.kill()]);
    expect(new Set(exits).size).toBe(1);
    expect(await client.kill()).toBe(exits[0]);
  });

  test('waits for the gracePeriod in its options, and a further kill() can shorten the wait', async () => {
    const client = plugin('says-a-line', { gracePeriod: 60_000 }, greeting);
    await client.start();
    const killing = client.kill({ gracePeriod: 150 });
    await expect(killing, 'the end of a plugin that does not answer').toHappenWithin(1_500);
    expect(await killing).toMatchObject({ code: 0, by: 'eof' });
    const other = plugin('says-a-line', { gracePeriod: 60_000 }, greeting);
    await other.start();
    const ended = other.kill();
    expect(other.kill({ gracePeriod: 50 })).toBe(ended);
    expect(await ended).toMatchObject({ code: 0, by: 'eof' });
  });

  test('can give running calls more or less time than the gracePeriod of the client', async () => {
    const longerGrace = await enoughMs(5_000);
    const longer = plugin('shuts-down-slowly', { gracePeriod: 100 }, '0');
    const running = (await (await longer.client()).dispense('trouble')).block(600);
    const exit = longer.kill({ gracePeriod: longerGrace });
    await running;
    expect(await exit).toMatchObject({ by: 'quit', code: 0 });

    const stdout = new Collector();
    const shorter = plugin('shuts-down-slowly', { gracePeriod: 10_000_000, syncStdout: stdout }, '10000000');
    await shorter.client();
    const gracePeriod = await enoughMs(600);
    expect(await shorter.kill({ gracePeriod })).toMatchObject({ by: 'quit', code: 0 });
    expect(stdout.text).toContain('out of time');
  });

  test.each([-1, Number.NaN, '5', null])('refuses gracePeriod %s and ends no plugin', async (gracePeriod) => {
    const client = plugin('greets');
    const options = { gracePeriod } as { gracePeriod: number };
    expect(() => client.kill(options)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error);
    expect(client.exited).toBe(false);
  });

  test('also runs at the end of `await using`', async () => {
    let pid = 0;
    {
      await using client = plugin('greets');
      pid = (await client.start()).pid as number;
    }
    expect(isAlive(pid)).toBe(false);
  });
});

describe('a plugin that is asked to leave', () => {
  test('lets a running call end and sends its answer', async () => {
    const stdout = new Collector();
    const client = plugin('shuts-down-slowly', { syncStdout: stdout }, '0');
    const trouble = await (await client.client()).dispense('trouble');
    const running = trouble.block(300);
    const exit = client.kill();
    await running;
    expect(await exit).toMatchObject({ by: 'quit', code: 0 });
    expect(stdout.text).toBe('the call ended\nshutting down\nshut down\nserved\nlast words\n');
  });

  test('refuses new calls with an error that says why', async () => {
    const stdout = new Collector();
    const client = plugin('shuts-down-slowly', { syncStdout: stdout }, '300');
    const rpc = await client.client();
    const trouble = await rpc.dispense('trouble');
    const exit = client.kill();
    await until(() => stdout.text.includes('shutting down'));
    expect((await failure(trouble.block(1))).message).toContain('plugin is shutting down');
    expect((await failure(rpc.dispense('trouble'))).message).toContain('plugin is shutting down');
    await exit;
  });

  test('stops a factory that is still running, and disposes of the implementation that the factory makes', async () => {
    const stdout = new Collector();
    const client = plugin('makes-slowly', { syncStdout: stdout });
    const dispensed = failure((await client.client()).dispense('slow' as never));
    await until(() => stdout.text.includes('making'));
    expect(await client.kill()).toMatchObject({ by: 'quit' });
    expect((await dispensed).message).toContain('plugin is shutting down');
    expect(stdout.text).toBe('making\nmade\ndisposed of\n');
  });

  test.each(['works', 'fails', 'hangs'])(
    'runs its hook after the disposal of its implementations, if the disposal %s',
    async (how) => {
      const stdout = new Collector();
      const gracePeriod = await enoughMs(600);
      const client = plugin('tells-its-disposals', { syncStdout: stdout, gracePeriod }, how);
      const rpc = await client.client();
      const store = (await rpc.dispense('store' as never)) as { open(): Promise<Disposable> };
      await rpc.dispense('store' as never);
      await store.open();
      expect(await client.kill()).toMatchObject({ by: 'quit', code: 0 });
      expect(stdout.text).toBe('the object\nthe implementation\nthe implementation\nthe hook\n');
    },
  );

  test('disposes of an implementation as soon as the host releases it, and only once', async () => {
    const stdout = new Collector();
    const client = plugin('tells-its-disposals', { syncStdout: stdout });
    const store = await (await client.client()).dispense('store' as never);
    (store as Disposable)[Symbol.dispose]();
    await until(() => stdout.text === 'the implementation\n');
    await client.kill();
    expect(stdout.text).toBe('the implementation\nthe hook\n');
  });

  test('gives its hook no more than three quarters of the grace period', async () => {
    const stdout = new Collector();
    const gracePeriod = await enoughMs(600);
    const client = plugin('shuts-down-slowly', { syncStdout: stdout, gracePeriod }, '10000000');
    await client.client();
    const killing = client.kill();
    await expect(killing, 'the end of a plugin whose hook hangs').toHappenWithin(gracePeriod + 900);
    expect(await killing).toMatchObject({ by: 'quit', code: 0 });
    expect(stdout.text).toContain('out of time');
  });
});

describe('a plugin that dies', () => {
  test('rejects every pending call with an error that has the plugin’s name, the method, the exit code and the end of stderr', async () => {
    const client = plugin('makes-trouble');
    const rpc = await client.client();
    const trouble = await rpc.dispense('trouble');
    const hanging = Array.from({ length: 5 }, () => failure(trouble.hang()));
    const error = await failure<Error & { cause: PluginExitError }>(trouble.exit(9));
    expect(error.message).toContain('exit');
    expect(error.cause.code).toBe('PLUGIN_EXITED');
    expect(error.cause.message).toContain('plugin makes-trouble.mjs exited with exit code 9');
    expect(error.cause.message).toContain('leaving on purpose');
    for (const other of await Promise.all(hanging)) expect(other.message).toContain('Plugin.hang');
    const exit = await client.exit;
    expect(error.cause.exit).toBe(exit);
    expect(exit).toMatchObject({ code: 9, by: 'plugin', stderrTail: 'leaving on purpose\n' });
    expect(exit.callsInFlight.toSorted()).toEqual([
      ...Array(1).fill('Plugin.exit'),
      ...Array(5).fill('Plugin.hang'),
    ]);
    expect(exit.uptimeMs).toBeGreaterThan(0);
  });

  test('makes later calls fail too, with errors that do not mention ECONNRESET or EPIPE', async () => {
    const client = plugin('makes-trouble');
    const rpc = await client.client();
    const trouble = await rpc.dispense('trouble');
    await failure(trouble.killItself('SIGKILL'));
    await client.exit;
    for (const late of [trouble.hang(), rpc.ping(), rpc.dispense('trouble')]) {
      const error = await failure(late);
      expect(`${error.message} ${String(error.cause)}`).not.toMatch(/ECONNRESET|EPIPE/);
    }
  });

  test('by a signal has an exit report with that signal, and does not report a lack of memory', async () => {
    const client = plugin('makes-trouble');
    const trouble = await (await client.client()).dispense('trouble');
    await failure(trouble.killItself('SIGKILL'));
    expect(await client.exit).toMatchObject({ ...killedBySignal, by: 'plugin', outOfMemory: false });
  });

  test('because its heap was full has an exit report that names the lack of memory', async () => {
    const client = plugin('makes-trouble', { env: { set: { NODE_OPTIONS: '--max-old-space-size=20' } } });
    const trouble = await (await client.client()).dispense('trouble');
    const error = await failure<Error & { cause: PluginExitError }>(trouble.eatMemory());
    expect(error.cause.message).toContain('probably because the memory ran out');
    expect((await client.exit).stderrTail).toContain('heap');
  });

  test('by an uncaught error has an exit report with the stack trace', async () => {
    const client = plugin('makes-trouble');
    const trouble = await (await client.client()).dispense('trouble');
    await failure(trouble.throwLater());
    const exit = await client.exit;
    expect(exit).toMatchObject({ code: 1, by: 'plugin' });
    expect(exit.stderrTail).toContain('Error: nobody catches this');
  });

  test('is logged as an error, unless the host ended the plugin', async () => {
    const error = vi.fn();
    const asked = plugin('greets', { logger: { error } });
    await asked.client();
    await asked.kill();
    expect(error).not.toHaveBeenCalled();
    // A crash with status 0 is logged too, because the plugin left a call without an answer.
    for (const code of [2, 0]) {
      const crashed = plugin('makes-trouble', { logger: { error } });
      const trouble = await (await crashed.client()).dispense('trouble');
      await failure(trouble.exit(code));
      await crashed.exit;
      const told = `plugin exited: ${code}`;
      await until(() => error.mock.calls.some(([message]) => String(message).includes(told)));
    }
  });
});

describe('the process group', () => {
  test('ends with its plugin, grandchildren included', async () => {
    const client = plugin('makes-trouble', { processGroup: true });
    const trouble = await (await client.client()).dispense('trouble');
    // On Windows, only a detached child of Node can outlive its parent.
    const grandchild = await trouble.spawnSleeper(true, isWindows);
    expect(isAlive(grandchild)).toBe(true);
    if (isWindows) {
      // The host finds a plugin's children only while the plugin runs, so the plugin must not leave at Quit.
      void failure(trouble.block(60_000));
      expect(await client.kill({ gracePeriod: 100 })).toMatchObject({ by: 'sigterm' });
    } else {
      expect(await client.kill()).toMatchObject({ by: 'quit' });
    }
    await expect(() => !isAlive(grandchild), 'the grandchild is gone').toHappenWithin(1_000);
  });
});

describe('cleanupClients()', () => {
  test('ends every managed client and no other client, and can be called again', async () => {
    const managed = Array.from({ length: 3 }, () => plugin('greets', { managed: true }));
    const other = plugin('greets');
    await Promise.all([...managed, other].map((client) => client.start()));
    const before = cleanupCount();
    await cleanupClients();
    expect(killed()).toBe(true);
    expect(cleanupCount()).toBe(before + 1);
    expect(managed.map((client) => client.exited)).toEqual([true, true, true]);
    expect(other.exited).toBe(false);
    const later = plugin('greets', { managed: true });
    await later.start();
    await cleanupClients();
    expect(later.exited).toBe(true);
  });

  test('ends a client that has just begun to start, and a client that was not started yet can no longer start', async () => {
    const [behind, before] = [plugin('greets', { managed: true }), plugin('greets', { managed: true })];
    const started = failure(behind.start());
    await cleanupClients();
    expect((await started).code).toBe('PLUGIN_KILLED');
    expect(behind.exited).toBe(true);
    expect((await failure(before.start())).code).toBe('PLUGIN_KILLED');
    expect(before.pid).toBeUndefined();
  });

  test('ends a client in the middle of its start', async () => {
    const client = plugin('never-greets', { managed: true });
    const started = failure(client.start());
    await until(() => client.pid !== undefined);
    await cleanupClients();
    expect((await started).code).toBe('PLUGIN_KILLED');
  });
});

describe('the abort signal of a call', () => {
  test('aborts in the handler when the host asks the plugin to leave', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'pipework-end-'));
    const mark = join(directory, 'mark');
    try {
      const client = plugin('makes-trouble', { gracePeriod: 400 });
      const trouble = await (await client.client()).dispense('trouble');
      const call = failure(
        (trouble.waitForAbort as (file: string, options: object) => Promise<void>)(mark, {
          signal: new AbortController().signal,
        }),
      );
      await until(() => existsSync(`${mark}.running`));
      await client.kill();
      await call;
      expect(existsSync(mark)).toBe(true);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
