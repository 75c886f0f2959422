import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { Client, retain, type ClientConfig } from '@pipework/core';
import { connect, expectNoLeaks, launch, LeakError } from '@pipework/testkit';
import { greets, plugins, type Served } from './support/greeter.ts';

const leaksOf = async (work: () => unknown): Promise<readonly string[]> => {
  const error: unknown = await expectNoLeaks(async () => void (await work()), { settleMs: 50 }).catch(
    (caught: unknown) => caught,
  );
  return error instanceof LeakError ? error.leaks : [];
};

describe('expectNoLeaks(work)', () => {
  test('accepts work that ends everything that the work began, and resolves to its result', async () => {
    const greeting = await expectNoLeaks(async () => {
      await using pair = await connect(plugins);
      await using client = launch<Served>({ cmd: greets });
      await (await (await client.client()).dispense('greeter')).greet('process');
      return await (await pair.rpc.dispense('greeter')).greet('world');
    });
    expect(greeting).toBe('Hello, world!');
  });

  test('names an open pair and its pending calls', async () => {
    let pair: Awaited<ReturnType<typeof connect<Served>>> | undefined;
    const leaks = await leaksOf(async () => {
      pair = await connect(plugins);
      const greeter = await pair.rpc.dispense('greeter');
      greeter.never().catch(() => undefined);
    });
    await pair?.close();
    expect(leaks.join('\n')).toMatch(/a pair of connect\(\) is open, opened at .*leaks\.long\.test\.ts/);
    expect(leaks.join('\n')).toContain('1 pending call on a pair of connect()');
  });

  test('names a client once, with its pid and command, and does not list the client’s handles', async () => {
    const clients: Client[] = [];
    const [launched, own] = await Promise.all(
      [launch, (config: ClientConfig) => new Client(config)].map(async (make) =>
        leaksOf(async () => {
          const client = make({ cmd: greets });
          clients.push(client);
          await client.client();
        }),
      ),
    );
    const pids = clients.map(({ pid }) => String(pid));
    for (const client of clients) await client.kill();
    for (const leaks of [launched, own]) {
      expect(leaks).toHaveLength(1);
      expect(leaks?.[0]).toMatch(
        /^the client of plugin .*\(pid \d+, command: .*greets\.mjs\) is open, opened at .*leaks\.long\.test/,
      );
      expect(pids).toContain(/pid (\d+)/.exec(leaks?.[0] ?? '')?.[1]);
    }
  });

  test('names a child process', async () => {
    let child: ReturnType<typeof spawn> | undefined;
    const leaks = await leaksOf(() => {
      child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 10_000)'], { stdio: 'ignore' });
    });
    child?.kill('SIGKILL');
    expect(leaks).toEqual([expect.stringMatching(/^a child process, begun\nat .*leaks\.long\.test\.ts/)]);
  });

  test('names a timer and a descriptor', async () => {
    const timers: NodeJS.Timeout[] = [];
    const files: Awaited<ReturnType<typeof open>>[] = [];
    const leaks = await leaksOf(async () => {
      timers.push(setInterval(() => {}, 10_000));
      files.push(await open('/dev/null'));
    });
    for (const timer of timers) clearInterval(timer);
    for (const file of files) await file.close();
    expect(leaks).toEqual([
      expect.stringMatching(/^a timer, begun\nat .*leaks\.long\.test\.ts/),
      expect.stringMatching(/^descriptor \d+ is open: \/dev\/null$/),
    ]);
  });

  test('ignores the resources that concurrent work leaves open', async () => {
    const outside = setInterval(() => {}, 10_000);
    let timer: NodeJS.Timeout | undefined;
    let begin = (): void => {};
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const [mine, other] = await Promise.all([
      leaksOf(() => begun),
      leaksOf(() => {
        timer = setInterval(() => {}, 10_000);
        begin();
      }),
    ]);
    clearInterval(timer);
    clearInterval(outside);
    expect(mine).toEqual([]);
    expect(other.length).toBeGreaterThan(0);
  });

  test('rejects with the error of the work if the work itself fails', async () => {
    const timers: NodeJS.Timeout[] = [];
    const work = expectNoLeaks(() => {
      timers.push(setInterval(() => {}, 10_000));
      throw new Error('the real failure');
    });
    await expect(work).rejects.toThrow('the real failure');
    for (const timer of timers) clearInterval(timer);
  });
});

describe('expectNoLeaks(connection)', () => {
  test('accepts an open connection without pending calls, and names pending calls', async () => {
    await using pair = await connect(plugins);
    const greeter = await pair.rpc.dispense('greeter');
    await greeter.greet('world');
    await expectNoLeaks(pair);
    const never = greeter.never();
    never.catch(() => undefined);
    await expect(expectNoLeaks(pair, { settleMs: 20 })).rejects.toThrow('1 pending call on the connection');
  });
});

describe('expectNoLeaks(connection), with streams and callbacks,', () => {
  interface Source {
    count(to: number): AsyncIterable<number>;
    keep(callback: () => void): Promise<void>;
  }

  test('names an open stream of values until its reader leaves it', async () => {
    await using pair = await connect({ source: (): Pick<Source, 'count'> => ({ count }) });
    const source = await pair.rpc.dispense('source');
    const numbers = source.count(1_000_000)[Symbol.asyncIterator]();
    await numbers.next();
    await expect(expectNoLeaks(pair, { settleMs: 20 })).rejects.toThrow('1 open stream on the connection');
    await numbers.return?.();
    await expectNoLeaks(pair);
  });

  test('names a callback that the plugin has kept', async () => {
    const kept: { [Symbol.dispose](): void }[] = [];
    await using pair = await connect({
      source: (): Pick<Source, 'keep'> => ({
        keep: async (callback) => {
          kept.push(retain(callback));
        },
      }),
    });
    const source = await pair.rpc.dispense('source');
    await source.keep(() => {});
    await expect(expectNoLeaks(pair, { settleMs: 20 })).rejects.toThrow('1 reference on the connection');
    for (const reference of kept) reference[Symbol.dispose]();
    await expectNoLeaks(pair);
  });

  async function* count(to: number): AsyncIterable<number> {
    for (let n = 1; n <= to; n++) yield n;
  }
});

describe('expectNoLeaks()', () => {
  test('names a pair of connect() that is still open in this process', async () => {
    const pair = await connect(plugins);
    const failure: unknown = await expectNoLeaks().catch((error: unknown) => error);
    expect(String(failure)).toContain('a pair of connect() is open');
    await pair.close();
    await expectNoLeaks();
  });
});

test('if expectNoLeaks() gets a wrong argument, its error names the arguments that it takes', async () => {
  await expect(expectNoLeaks(5 as never)).rejects.toThrow('expected a function, a pair or a client; got 5');
});
