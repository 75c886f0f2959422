import { EventEmitter } from 'node:events';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { isRemote } from '@pipework/core';
import { rawHost } from '../support/raw-peer.ts';
import { rpcPair } from '../support/rpc-pair.ts';

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

describe('only the methods that an object serves can be called', () => {
  test.each(['shown', 'inherited', 'field'])('%s can be called', async (name) => {
    const { host } = await rpcPair(new ServedObject());
    expect(await host.call(name, [])).toBe(name === 'shown' ? 'hidden' : name);
  });

  const never = [
    ...Object.getOwnPropertyNames(Object.prototype),
    'prototype',
    'then',
    'trap',
    'data',
    '#hidden',
    'helper',
    'nope',
    '',
    'Plugin.shown',
    'shown.call',
  ];
  test.each(never)('%j cannot be called', async (name) => {
    const { host } = await rpcPair(new ServedObject());
    await expect(host.call(name, [])).rejects.toThrow("can't find method");
    expect(getterRan).toBe(false);
  });

  test('methods of Node’s own classes cannot be called', async () => {
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

  test('if a class itself is served, its own static methods can be called', async () => {
    const { host } = await rpcPair(ServedObject as unknown as object);
    expect(await host.call('helper', [])).toBe('static');
    for (const name of ['call', 'apply', 'bind', 'shown'])
      await expect(host.call(name, [])).rejects.toThrow("can't find method");
  });

  test('a method cannot be called without the prefix `Plugin.`', async () => {
    const peer = await rawHost(new ServedObject());
    peer.sends('94 00 01 a5 73686f776e 90');
    await peer.expects(
      `94 01 01 b8 ${Buffer.from("can't find method shown").toString('hex')} c0`.replace('b8', 'b7'),
    );
  });

  test('the remote object is not a thenable, and its symbols are not remote methods', async () => {
    const { remote } = await rpcPair(new ServedObject());
    expect((await Promise.resolve(remote)) === remote).toBe(true);
    expect(String(remote as unknown)).toContain('plugin test');
    expect((remote as unknown as Record<symbol, unknown>)[Symbol.iterator]).toBeUndefined();
  });

  test('the printed form of a remote object shows that it is a remote', async () => {
    const { remote } = await rpcPair(new ServedObject());
    const shown: unknown = remote;
    for (const text of [String(shown), inspect(shown), JSON.stringify(shown)])
      expect(text).toMatch(/^"?\[object of plugin test\]"?$/);
    expect(isRemote(remote)).toBe(true);
    for (const own of [new ServedObject(), () => 1, undefined, 'text']) expect(isRemote(own)).toBe(false);
  });
});
