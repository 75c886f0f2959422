import { EventEmitter } from 'node:events';
import { describe, expect, test, vi } from 'vitest';
import { rpcPair } from '../support/rpc-pair.ts';
import { rawHost } from '../support/raw-peer.ts';

let getterRan = false;
class Base {
  inherited(): string {
    return 'inherited';
  }
}
class ServedObject extends Base {
  static helper(): string {
    return 'static';
  }
  field = (): string => 'field';
  data = 5;
  get trap(): () => string {
    getterRan = true;
    return () => 'trap';
  }
  #hidden(): string {
    return 'hidden';
  }
  shown(): string {
    return this.#hidden();
  }
  override toString(): string {
    return 'overridden';
  }
}

describe('only what was served can be called', () => {
  test.each(['shown', 'inherited', 'field'])('%s can', async (name) => {
    const { host } = await rpcPair(new ServedObject());
    expect(await host.call(name, [])).toBe(name === 'shown' ? 'hidden' : name);
  });

  const never = [
    'constructor',
    '__proto__',
    'prototype',
    'then',
    'toString',
    'valueOf',
    'hasOwnProperty',
    '__defineGetter__',
    'trap',
    'data',
    '#hidden',
    'helper',
    'nope',
    '',
    'Plugin.shown',
    'shown.call',
  ];
  test.each(never)('%j cannot', async (name) => {
    const { host } = await rpcPair(new ServedObject());
    await expect(host.call(name, [])).rejects.toThrow("can't find method");
    expect(getterRan).toBe(false);
  });

  test('what Node’s own classes carry cannot', async () => {
    class Emitter extends EventEmitter {
      mine(): number {
        return 1;
      }
    }
    const { host } = await rpcPair(new Emitter());
    expect(await host.call('mine', [])).toBe(1);
    for (const name of ['emit', 'on', 'removeAllListeners'])
      await expect(host.call(name, [])).rejects.toThrow("can't find method");
  });

  test('a served class offers its own static methods', async () => {
    const { host } = await rpcPair(ServedObject as unknown as object);
    expect(await host.call('helper', [])).toBe('static');
    for (const name of ['call', 'apply', 'bind', 'shown'])
      await expect(host.call(name, [])).rejects.toThrow("can't find method");
  });

  test('a method without the prefix cannot', async () => {
    const peer = await rawHost(new ServedObject());
    peer.sends('94 00 01 a5 73686f776e 90');
    await peer.expects(
      `94 01 01 b8 ${Buffer.from("can't find method shown").toString('hex')} c0`.replace('b8', 'b7'),
    );
  });

  test('the remote object is no thenable and has no remote symbols', async () => {
    const { remote } = await rpcPair(new ServedObject());
    expect((await Promise.resolve(remote)) === remote).toBe(true);
    expect(String(remote as unknown)).toContain('plugin test');
    expect((remote as unknown as Record<symbol, unknown>)[Symbol.iterator]).toBeUndefined();
    expect(JSON.stringify({ remote })).toBe('{"remote":{}}');
  });
});

describe('limits', () => {
  const slow = (): { wait(): Promise<number>; release(): void; waiting: (() => void)[] } => {
    const waiting: (() => void)[] = [];
    return {
      waiting,
      wait: () => new Promise<number>((resolve) => waiting.push(() => resolve(1))),
      release: () => waiting.splice(0).forEach((go) => go()),
    };
  };

  test('calls beyond the concurrency wait, those beyond the queue fail with a clear error', async () => {
    const served = slow();
    const { remote } = await rpcPair(served, { pluginLimits: { maxRunningCalls: 2, maxQueuedCalls: 1 } });
    const calls = [remote.wait(), remote.wait(), remote.wait(), remote.wait()];
    await expect(calls[3]).rejects.toMatchObject({
      code: 'RPC_OVERLOADED',
      message: expect.stringContaining('maxRunningCalls') as string,
    });
    expect(served.waiting).toHaveLength(2);
    served.release();
    await vi.waitFor(() => expect(served.waiting).toHaveLength(1));
    served.release();
    expect(await Promise.all(calls.slice(0, 3))).toEqual([1, 1, 1]);
  });

  test('as many calls as may wait are answered, though each is answered at once', async () => {
    const served = { ...slow(), count: (number: number) => number };
    const { remote, plugin } = await rpcPair(served, { pluginLimits: { maxRunningCalls: 1 } });
    const first = remote.wait();
    const numbers = Array.from({ length: 9_000 }, (_, number) => number);
    const calls = numbers.map((number) => remote.count(number));
    await vi.waitFor(() => expect(plugin.runningCalls).toBe(9_001));
    served.release();
    await first;
    expect(await Promise.all(calls)).toEqual(numbers);
    expect(plugin.runningCalls).toBe(0);
  });

  test('a caller beyond its pending calls fails before anything is sent', async () => {
    const served = slow();
    const { remote } = await rpcPair(served, { hostLimits: { maxPendingCalls: 1 } });
    const first = remote.wait();
    await expect(remote.wait()).rejects.toMatchObject({ code: 'RPC_OVERLOADED' });
    await vi.waitFor(() => expect(served.waiting).toHaveLength(1));
    served.release();
    expect(await first).toBe(1);
  });

  test('callbacks run although their caller fills the limit', async () => {
    const { remote } = await rpcPair(
      { ask: async (question: () => unknown) => question() },
      { pluginLimits: { maxRunningCalls: 1 }, hostLimits: { maxRunningCalls: 1 } },
    );
    expect(await Promise.all([remote.ask(() => 1), remote.ask(() => 2)])).toEqual([1, 2]);
  });

  test('handlers that never answer do not stop others', async () => {
    const { remote } = await rpcPair({ never: () => new Promise(() => {}), ping: () => 'pong' });
    for (let call = 0; call < 1000; call++) remote.never().catch(() => {});
    expect(await remote.ping()).toBe('pong');
  });

  test('a message too large to send is refused with the connection whole', async () => {
    const { remote } = await rpcPair(
      { echo: (value: unknown) => value },
      { hostLimits: { maxMessageBytes: 1000 } },
    );
    await expect(remote.echo('x'.repeat(2000))).rejects.toMatchObject({ code: 'RPC_MESSAGE_TOO_LARGE' });
    expect(await remote.echo('x')).toBe('x');
  });
});
