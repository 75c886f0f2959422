/** Tests of a draining client: what it refuses, what it waits for, and what ends the wait. */

import { describe, expect, test } from 'vitest';
import { isPipeworkError } from '../../src/index.ts';
import { failure, plugin } from '../support/life.ts';

type Unsent = Error & { code: string; sent: boolean };

describe('drain()', () => {
  test('refuses new dispenses and calls without sending them, and lets a running call finish', async () => {
    const client = plugin('makes-trouble');
    const rpc = await client.client();
    const trouble = await rpc.dispense('trouble');
    const running = trouble.block(200);
    const drained = client.drain();
    const refused = await Promise.all([
      failure<Unsent>(trouble.pid()),
      failure<Unsent>(rpc.dispense('trouble')),
    ]);
    for (const error of refused) {
      expect(error).toMatchObject({ code: 'RPC_CLOSED', sent: false });
      expect(error.message).toContain('drains');
    }
    await running;
    expect(await drained).toBe(true);
    expect(client.exited).toBe(false);
    expect(await rpc.ping()).toBeGreaterThan(0);
  });

  test('resolves immediately if nothing is under way, even before the start of the plugin and after its end', async () => {
    const client = plugin('greets');
    expect(await plugin('greets').drain()).toBe(true);
    await client.client();
    expect(await client.drain()).toBe(true);
    await client.kill();
    expect(await client.drain()).toBe(true);
  });

  test('waits at most until its timeout passes or its signal aborts', async () => {
    const client = plugin('makes-trouble', { gracePeriod: 100 });
    const trouble = await (await client.client()).dispense('trouble');
    const hanging = failure(trouble.hang());
    expect(await client.drain({ timeoutMs: 20 })).toBe(false);
    expect(await client.drain({ signal: AbortSignal.abort() })).toBe(false);
    const controller = new AbortController();
    const drained = client.drain({ signal: controller.signal });
    controller.abort();
    expect(await drained).toBe(false);
    // When the plugin ends, its running calls settle, and the wait ends.
    const last = client.drain();
    await client.kill();
    expect(await last).toBe(true);
    expect((await hanging).code).toBe('RPC_CLOSED');
  });

  test('waits for a stream in a result until it is read to its end', async () => {
    const client = plugin('streams');
    const streams = (await (await client.client()).dispense('streams' as never)) as unknown as {
      count(to: number): Promise<AsyncIterable<number>>;
      take(numbers: AsyncIterable<number>, told: () => Promise<void>): Promise<number>;
    };
    const numbers = await streams.count(3);
    let isDrained = false;
    const drained = client.drain().finally(() => (isDrained = true));
    const got: number[] = [];
    for await (const number of numbers) {
      expect(isDrained).toBe(false);
      got.push(number);
    }
    expect(got).toEqual([1, 2, 3]);
    expect(await drained).toBe(true);
  });

  test('accepts callbacks of a running call, and calls of references, while it waits', async () => {
    const client = plugin('streams');
    const streams = (await (await client.client()).dispense('streams' as never)) as unknown as {
      take(numbers: AsyncIterable<number>, told: () => Promise<void>): Promise<number>;
      adder(): Promise<(a: number, b: number) => Promise<number>>;
    };
    const add = await streams.adder();
    let drained: Promise<boolean> | undefined;
    async function* numbers(): AsyncGenerator<number> {
      yield 1;
      drained = client.drain();
      yield await add(1, 1);
    }
    let told = 0;
    const tell = async (): Promise<void> => void told++;
    expect(await streams.take(numbers(), tell)).toBe(3);
    expect(told).toBe(2);
    expect(await drained).toBe(true);
    expect(await add(20, 22)).toBe(42);
  });

  test('waits for a stream of the broker', async () => {
    const client = plugin('dials');
    const rpc = await client.client();
    const dialler = await rpc.dispense('dialler');
    const id = rpc.broker.nextId();
    const [stream] = await Promise.all([rpc.broker.accept(id), dialler.dial(id)]);
    expect(await client.drain({ timeoutMs: 20 })).toBe(false);
    stream.destroy();
    expect(await client.drain()).toBe(true);
  });

  test.each([
    [{ timeoutMs: -1 }, 'timeoutMs'],
    [{ timeoutMs: Number.NaN }, 'timeoutMs'],
    [{ signal: 5 }, 'signal'],
    [{ timeout: 5 }, 'not timeout'],
  ])('refuses the options %j, and does not begin to drain', async (options, name) => {
    const client = plugin('greets');
    const error = await failure(client.drain(options as object));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(error.message).toContain(name);
    const greeter = await (await client.client()).dispense('greeter');
    expect(await greeter.greet('you')).toBe('Hello, you!');
  });
});

describe('client()', () => {
  test('fails immediately after kill(), even before the plugin has ended', async () => {
    const client = plugin('makes-trouble', { gracePeriod: 200 });
    const trouble = await (await client.client()).dispense('trouble');
    const blocked = failure(trouble.block(60_000));
    const exit = client.kill();
    const error = await failure<Unsent>(client.client());
    expect(error).toMatchObject({ code: 'PLUGIN_KILLED', sent: false });
    expect(isPipeworkError(error)).toBe(true);
    expect(client.exited).toBe(false);
    await exit;
    await blocked;
    expect((await failure(client.client())).code).toBe('PLUGIN_KILLED');
    // After kill(), start() returns its first result again.
    expect((await client.start()).pid).toBe(client.pid);
  });

  test('fails with the error of the start if the start failed', async () => {
    const client = plugin('exits-before-handshake');
    const first = await failure(client.client());
    await client.kill();
    expect(await failure(client.client())).toBe(first);
    expect(first).toMatchObject({ code: 'HANDSHAKE_EXITED', sent: false, permanent: false });
  });
});
