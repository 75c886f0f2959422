import type { RawStream } from '@pipework/mux/lean';
import { describe, expect, test } from 'vitest';
import { Conversation, servedObjectOf } from '../support/internals.ts';
import { rpcPair } from '../support/rpc-pair.ts';

const slow = (): { wait(): Promise<number>; release(): void; waiting: (() => void)[] } => {
  const waiting: (() => void)[] = [];
  return {
    waiting,
    wait: () => new Promise<number>((resolve) => waiting.push(() => resolve(1))),
    release: () => waiting.splice(0).forEach((go) => go()),
  };
};

describe('limits', () => {
  test('calls beyond maxRunningCalls wait, and calls beyond maxQueuedCalls fail with RPC_OVERLOADED', async () => {
    const served = slow();
    const { remote } = await rpcPair(served, { pluginLimits: { maxRunningCalls: 2, maxQueuedCalls: 1 } });
    const calls = [remote.wait(), remote.wait(), remote.wait(), remote.wait()];
    await expect(calls[3]).rejects.toMatchObject({
      code: 'RPC_OVERLOADED',
      message: expect.stringContaining('maxRunningCalls') as string,
    });
    expect(served.waiting).toHaveLength(2);
    served.release();
    await expect.poll(() => served.waiting).toHaveLength(1);
    served.release();
    expect(await Promise.all(calls.slice(0, 3))).toEqual([1, 1, 1]);
  });

  test('a call made inside a callback runs without waiting, because the running call waits for that callback', async () => {
    const { remote } = await rpcPair(
      {
        async visit(levels: number, callback: (levels: number) => Promise<number>): Promise<number> {
          return levels === 0 ? 0 : 1 + (await callback(levels - 1));
        },
      },
      { pluginLimits: { maxRunningCalls: 1 } },
    );
    const callback = async (levels: number): Promise<number> => await remote.visit(levels, callback);
    expect(await remote.visit(5, callback)).toBe(5);
  });

  describe('a call made inside the source of a stream runs without waiting, because running calls wait for the stream', () => {
    const served = {
      value: () => 7,
      async first(stream: AsyncIterable<number>): Promise<number | undefined> {
        for await (const item of stream) return item;
        return undefined;
      },
      async firstOf(open: () => Promise<AsyncIterable<number>>): Promise<number | undefined> {
        return await served.first(await open());
      },
    };

    test.each([1, 2])('in the arguments of calls, with maxRunningCalls %i', async (maxRunningCalls) => {
      const { remote } = await rpcPair(served, { pluginLimits: { maxRunningCalls } });
      const source = async function* (): AsyncGenerator<number> {
        yield await remote.value();
      };
      const calls = Array.from({ length: maxRunningCalls }, () => remote.first(source()));
      expect(await Promise.all(calls)).toEqual(calls.map(() => 7));
    });

    test('in the result of a callback', async () => {
      const { remote } = await rpcPair(served, { pluginLimits: { maxRunningCalls: 1 } });
      const open = async function* (): AsyncGenerator<number> {
        yield await remote.value();
      };
      expect(await remote.firstOf(open as never)).toBe(7);
    });

    test('in calls of the plugin to the host', async () => {
      const { remote } = await rpcPair(
        {
          ask: async (
            take: (stream: AsyncIterable<number>) => Promise<number>,
            value: () => Promise<number>,
          ) => {
            const source = async function* (): AsyncGenerator<number> {
              yield await value();
            };
            return await take(source());
          },
        },
        { pluginLimits: { maxRunningCalls: 1 }, hostLimits: { maxRunningCalls: 1 } },
      );
      expect(await remote.ask(served.first as never, served.value as never)).toBe(7);
    });
  });

  test('callbacks beyond maxRunningCallbacks fail without waiting, and the running ones continue', async () => {
    const { remote, hostShared } = await rpcPair(
      {
        async flood(times: number, callback: () => Promise<void>): Promise<(string | undefined)[]> {
          const calls = Array.from({ length: times }, () => callback());
          const refused = await Promise.allSettled(calls.slice(2));
          return refused.map((outcome) =>
            outcome.status === 'rejected' ? (outcome.reason as { code?: string }).code : 'answered',
          );
        },
        ask: (callback: () => Promise<string>) => callback(),
      },
      { hostLimits: { maxRunningCallbacks: 2 } },
    );
    const releases: (() => void)[] = [];
    const callback = (): Promise<void> => new Promise((resolve) => releases.push(resolve));
    expect(await remote.flood(5, callback)).toEqual(['RPC_OVERLOADED', 'RPC_OVERLOADED', 'RPC_OVERLOADED']);
    for (const release of releases) release();
    await expect.poll(() => hostShared.counts.runningCallbacks).toBe(0);
    expect(await remote.ask(async () => 'again')).toBe('again');
  });

  test('the error of a refused call has no stack frames, because a peer may cause a million refusals', async () => {
    const { remote } = await rpcPair(
      { flood: (callback: () => Promise<void>) => Promise.all([callback(), callback()]).catch(stackOf) },
      { hostLimits: { maxRunningCallbacks: 1 } },
    );
    const stackOf = (error: unknown): string => (error as { remoteStack: string }).remoteStack;
    expect(await remote.flood(() => new Promise(() => {}))).toMatch(/^PipeworkError: [^\n]*$/);
  });

  test('all calls that wait in the queue are answered, even if each handler returns immediately', async () => {
    const served = { ...slow(), count: (number: number) => number };
    const { remote, plugin } = await rpcPair(served, { pluginLimits: { maxRunningCalls: 1 } });
    const first = remote.wait();
    const numbers = Array.from({ length: 9_000 }, (_, number) => number);
    const calls = numbers.map((number) => remote.count(number));
    await expect.poll(() => plugin.runningCalls).toBe(9_001);
    served.release();
    await first;
    expect(await Promise.all(calls)).toEqual(numbers);
    expect(plugin.runningCalls).toBe(0);
  });

  test('calls beyond maxPendingCalls fail before anything is sent', async () => {
    const served = slow();
    const { remote } = await rpcPair(served, { hostLimits: { maxPendingCalls: 1 } });
    const first = remote.wait();
    await expect(remote.wait()).rejects.toMatchObject({ code: 'RPC_OVERLOADED' });
    await expect.poll(() => served.waiting).toHaveLength(1);
    served.release();
    expect(await first).toBe(1);
  });

  test('callbacks run even if the calls that wait for them use up maxRunningCalls', async () => {
    const { remote } = await rpcPair(
      { ask: async (question: () => unknown) => question() },
      { pluginLimits: { maxRunningCalls: 1 }, hostLimits: { maxRunningCalls: 1 } },
    );
    expect(await Promise.all([remote.ask(() => 1), remote.ask(() => 2)])).toEqual([1, 2]);
  });

  test('calls whose handlers never answer do not block other calls', async () => {
    const { remote } = await rpcPair({ never: () => new Promise(() => {}), ping: () => 'pong' });
    for (let call = 0; call < 1000; call++) remote.never().catch(() => {});
    expect(await remote.ping()).toBe('pong');
  });

  test('a message that is too large to send is refused, and the conversation continues', async () => {
    const { remote } = await rpcPair(
      { echo: (value: unknown) => value },
      { hostLimits: { maxMessageBytes: 1000 } },
    );
    await expect(remote.echo('x'.repeat(2000))).rejects.toMatchObject({ code: 'RPC_MESSAGE_TOO_LARGE' });
    expect(await remote.echo('x')).toBe('x');
  });

  test('a cancelled call no longer counts for maxPendingCalls, even if its handler ignores the signal', async () => {
    const { remote, hostShared } = await rpcPair(
      { hang: (_options: { signal: AbortSignal }) => new Promise<never>(() => {}), ping: () => 1 },
      { hostLimits: { maxPendingCalls: 2 } },
    );
    const controller = new AbortController();
    const calls = [remote.hang({ signal: controller.signal }), remote.hang({ signal: controller.signal })];
    controller.abort(new Error('enough'));
    for (const call of calls) await expect(call).rejects.toThrow('enough');
    expect(hostShared.counts.pendingCalls).toBe(0);
    expect(await remote.ping()).toBe(1);
  });

  test('a call that is cancelled while it waits in the queue gets an answer, and its handler never runs', async () => {
    let ran = 0;
    let release = (): void => {};
    const { remote, plugin } = await rpcPair(
      {
        hold: () => new Promise<void>((resolve) => (release = resolve)),
        count: (_options: { signal: AbortSignal }) => ++ran,
      },
      { pluginLimits: { maxRunningCalls: 1 } },
    );
    const held = remote.hold();
    const controller = new AbortController();
    const waiting = remote.count({ signal: controller.signal });
    await expect.poll(() => plugin.runningCalls).toBe(2);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    await expect.poll(() => plugin.runningCalls).toBe(1);
    release();
    await held;
    expect(ran).toBe(0);
  });

  test("after the conversation of a waiting call has ended, the call's deadline removes no other call from the queue", async () => {
    let release = (): void => {};
    const served = { hold: () => new Promise<void>((resolve) => (release = resolve)), count: () => 1 };
    const pair = await rpcPair(served, { pluginLimits: { maxRunningCalls: 1 } });
    const { hostShared, pluginShared } = pair;
    const id = pluginShared.broker.nextId();
    const taken = new Promise<RawStream>((resolve, reject) =>
      pluginShared.broker.acceptWith(id, { resolve, reject }),
    );
    const other = new Conversation(hostShared.broker.dialRaw(id), { shared: hostShared, prefix: 'Plugin.' });
    new Conversation(await taken, {
      shared: pluginShared,
      prefix: 'Plugin.',
      served: servedObjectOf(served),
    });
    const held = pair.remote.hold();
    const gone = other.call('count', [], { deadlineMs: 300 });
    const waiting = pair.remote.count();
    const late = pair.host.call('count', [], { deadlineMs: 400 });
    await expect.poll(() => pluginShared.callQueue.size).toBe(3);
    other.close();
    await expect(gone).rejects.toMatchObject({ code: 'RPC_CLOSED' });
    await expect(late).rejects.toMatchObject({ code: 'RPC_DEADLINE' });
    await expect.poll(() => pluginShared.callQueue.size).toBe(1);
    release();
    await held;
    expect(await waiting).toBe(1);
  });
});

test('a stream that came in a result counts as a reference on both sides before it is dialled', async () => {
  const { remote, hostShared, pluginShared } = await rpcPair({
    async *items() {
      yield 1;
    },
  });
  const stream = await remote.items();
  expect([hostShared.counts.references, pluginShared.counts.references]).toEqual([1, 1]);
  await stream[Symbol.asyncDispose]();
  await expect.poll(() => [hostShared.counts.references, pluginShared.counts.references]).toEqual([0, 0]);
});
