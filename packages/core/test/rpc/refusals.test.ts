import { describe, expect, test } from 'vitest';
import { rpcPair } from '../support/rpc-pair.ts';

const echo = {
  echo: (value: unknown) => value,
};

describe('the caller gets an error with the path, before anything is sent:', () => {
  class Point {
    x = 1;
  }
  const cycle: { self?: unknown; a: unknown[] } = { a: [] };
  cycle.a.push({ deep: cycle });
  let deep: unknown = 1;
  for (let level = 0; level < 200; level++) deep = [deep];
  const transferred = (): Uint8Array => {
    const bytes = new Uint8Array(8);
    structuredClone(bytes, { transfer: [bytes.buffer] });
    return bytes;
  };
  const base: [string, unknown[], string][] = [
    ['a symbol', [{ a: [1, Symbol('s')] }], 'args[0].a[1] is a symbol'],
    ['a class instance', [1, { p: new Point() }], 'args[1].p is an instance of Point'],
    ['a cycle', [cycle], 'args[0].a[0].deep contains itself'],
    ['a value nested too deep', [deep], 'args[0][0][0]'],
    ['a promise', [{ 'a-b': Promise.resolve() }], 'args[0]["a-b"] is a Promise: await it'],
    [
      'bytes that were transferred',
      [{ a: transferred() }],
      'args[0].a is binary data whose buffer was transferred',
    ],
    ['a WeakMap', [new WeakMap()], 'args[0] is an instance of WeakMap'],
  ];
  test.each(base)('%s', async (_name, args, message) => {
    const { host, hostShared } = await rpcPair(echo);
    await expect(host.call('echo', args)).rejects.toThrow(message);
    expect(hostShared.counts.pendingCalls).toBe(0);
    expect(await host.call('echo', [1])).toBe(1);
  });

  test.each<[string, unknown[], string]>([
    ['a function', [{ options: { cb: () => {} } }], 'args[0].options.cb is a function'],
    ['a Map', [new Map()], 'args[0] is an instance of Map'],
    ['a Float64Array', [new Float64Array(1)], 'args[0] is an instance of Float64Array'],
    ['a long bigint', [2n ** 70n], 'args[0] is a bigint beyond 64 bits'],
    ['an invalid Date', [new Date(Number.NaN)], 'args[0] is an invalid Date'],
    [
      'a signal among other options',
      [{ signal: new AbortController().signal, limit: 1 }],
      'args[0].signal is an instance of AbortSignal',
    ],
    ['an async iterable', [(async function* () {})()], 'args[0] is'],
  ])('in the base: %s', async (_name, args, message) => {
    const { host } = await rpcPair(echo, { capabilities: [] });
    await expect(host.call('echo', args)).rejects.toThrow(message);
    expect(await host.call('echo', [1])).toBe(1);
  });

  test('the caller gets an error with the path if a result cannot be sent', async () => {
    const { host } = await rpcPair({ bad: () => ({ list: [new Point()] }) });
    await expect(host.call('bad', [])).rejects.toThrow('result.list[0] is an instance of Point');
  });
});

test('the path in an error names the entry of a Map or Set', async () => {
  const { host } = await rpcPair({ take: () => 1 });
  const set = new Set<unknown>();
  set.add(set);
  await expect(host.call('take', [set])).rejects.toThrow('args[0]<item 0> contains itself');
  await expect(host.call('take', [new Map([['k', Symbol('s')]])])).rejects.toThrow(
    'args[0].get("k") is a symbol',
  );
  await expect(host.call('take', [new Map([[1, Symbol('s')]])])).rejects.toThrow(
    'args[0]<value 0> is a symbol',
  );
});
