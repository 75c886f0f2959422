import { describe, expect, test } from 'vitest';
import { callContext, makeBytes, ref, withCallOptions } from '../support/internals.ts';
import { rawHost } from '../support/raw-peer.ts';
import { rpcPair } from '../support/rpc-pair.ts';

const echo = { echo: (value: unknown) => value, keys: (value: object) => Object.keys(value) };

describe('half a surrogate pair in a key arrives as one U+FFFD:', () => {
  const long = 'x'.repeat(70);
  test.each<[string, object, object]>([
    ['in a small object', { 'k\ud83d': 1, a: 2 }, { 'k\ufffd': 1, a: 2 }],
    ['in a long key', { [`${long}\ud83d`]: 1 }, { [`${long}\ufffd`]: 1 }],
    ['beside a value that is replaced', { 'k\ud83d': new Map([[1, 2]]), d: 5n }, { 'k\ufffd': new Map([[1, 2]]), d: 5n }],
    ['deep down', [{ a: { 'k\udc00': [1] } }], [{ a: { 'k\ufffd': [1] } }]],
    ['in rows', Array.from({ length: 100 }, (_, n) => ({ 'k\ud83d': n })), Array.from({ length: 100 }, (_, n) => ({ 'k\ufffd': n }))],
    ['in a record of each row', Array.from({ length: 100 }, (_, n) => ({ r: { 'k\ud83d': n } })), Array.from({ length: 100 }, (_, n) => ({ r: { 'k\ufffd': n } }))],
    ['in a Map', new Map([['k\ud83d', 1]]), new Map([['k\ufffd', 1]])],
    ['in two keys that become one', { 'k\ud83d': 1, 'k\ud83e': 2 }, { 'k\ufffd': 2 }],
  ])('%s', async (_name, sent, arrived) => {
    for (const capabilities of [undefined, []] as const) {
      // The base protocol has no Maps.
      if (capabilities !== undefined && [sent, ...Object.values(sent)].some((value) => value instanceof Map)) continue;
      const { remote } = await rpcPair(echo, capabilities === undefined ? {} : { capabilities });
      expect(await remote.echo(sent)).toStrictEqual(arrived);
    }
  });
}); // prettier-ignore

test('half a surrogate pair in the metadata of a call arrives as one U+FFFD', async () => {
  const { remote } = await rpcPair({ metadata: () => ({ ...callContext().metadata }) });
  const metadata = { 'k\ud83d': 'v\ud83d', [`${'x'.repeat(70)}\ud83d`]: '\udc00', plain: 'text' };
  expect(await withCallOptions(remote, { metadata }).metadata()).toStrictEqual({
    'k\ufffd': 'v\ufffd',
    [`${'x'.repeat(70)}\ufffd`]: '\ufffd',
    plain: 'text',
  });
});

describe('half a surrogate pair in the name of a method arrives as one U+FFFD', () => {
  type Named = Record<'m\ud83d', (value: unknown) => Promise<unknown>>;
  const named = { 'm\ufffd': (value: unknown) => value };
  const values = [1, new Map([[1, 2]])];

  test.each(values)('if the method is of a dispensed implementation and is called with %s', async (value) => {
    const { remote } = await rpcPair(named);
    const misnamed = remote as unknown as Named;
    expect(await misnamed['m\ud83d'](value)).toEqual(value);
    const metadata = { a: 'b' };
    expect(await (withCallOptions(misnamed as never, { metadata }) as Named)['m\ud83d'](value)).toEqual(
      value,
    );
  });

  test.each(values)('if the method is of an object in a result and is called with %s', async (value) => {
    const { remote } = await rpcPair({ object: () => ref({ ...named }) });
    const object = (await remote.object()) as unknown as Named;
    expect(await object['m\ud83d'](value)).toEqual(value);
  });

  test.each(values)('if the method is of an object in an argument and is called with %s', async (value) => {
    const { remote } = await rpcPair({ use: async (object: Named) => object['m\ud83d'](value) });
    expect(await remote.use(ref({ ...named }) as never)).toEqual(value);
  });
});

test('half a surrogate pair in a regular expression arrives as an escape that matches the same half', async () => {
  const { remote } = await rpcPair(echo);
  for (const flags of ['', 'u', 'v']) {
    const sent = new RegExp('a[\ud83d-\ud83e]', flags);
    for (const pattern of (await remote.echo([sent, sent])) as RegExp[]) {
      expect(pattern.flags).toBe(flags);
      for (const text of ['a\ud83d', 'a\ud83e', 'a\ud83f', 'a\ufffd', 'a'])
        expect(pattern.test(text), text).toBe(sent.test(text));
    }
  }
});

describe('a timestamp', () => {
  test.each<[string, string, number | string]>([
    ['of 4 bytes', 'd6 ff 00000001', 1000],
    ['of 4 bytes, the last second', 'd6 ff ffffffff', 4_294_967_295_000],
    ['with a nanosecond less than the next second', 'd7 ff ee6b27fc 65920080', 1_704_067_200_999],
    ['with half a millisecond', 'd7 ff 001e8480 65920080', 1_704_067_200_000],
    ['of 12 bytes, a nanosecond before 1970', 'c7 0c ff 3b9ac9ff ffffffffffffffff', -1],
    ['of 12 bytes before 1970', 'c7 0c ff 000f4240 fffffffffffffffe', -1999],
    ['of 12 bytes with a nanosecond less than the next second', 'c7 0c ff 3b9ac9ff 0000000065920080', 1_704_067_200_999],
    ['of 3 bytes', 'c7 03 ff 000000', 'a timestamp of 3 bytes'],
    ['with more than a second of nanoseconds', 'c7 0c ff 3b9aca00 0000000000000000', 'with 1000000000 nanoseconds'],
    ['beyond what a Date can hold', 'c7 0c ff 00000000 7fffffffffffffff', 'beyond what a Date can hold'],
  ])('%s', async (_name, hex, expected) => {
    const came: unknown[] = [];
    const peer = await rawHost({ take: (date: Date) => void came.push(date.getTime()) }, { capabilities: ['types'] });
    peer.sends(`94 00 01 ab 506c7567696e2e74616b65 91 ${hex}`);
    const answer = (await peer.received()).toString('latin1');
    if (typeof expected === 'number') expect(came).toEqual([expected]);
    else expect(answer).toContain(expected);
  });
}); // prettier-ignore

test('these values, which docs/calls.md lists, arrive changed', async () => {
  const { remote } = await rpcPair(echo);
  // oxlint-disable-next-line no-sparse-arrays -- the test needs a hole
  expect(await remote.echo([1, , 3])).toStrictEqual([1, undefined, 3]);
  expect(await remote.keys(Object.assign([1], { extra: 2 }))).toEqual(['0']);
  const pattern = /a/g;
  pattern.lastIndex = 3;
  expect(((await remote.echo(pattern)) as RegExp).lastIndex).toBe(0);
  expect(Object.getPrototypeOf(await remote.echo(Object.create(null)))).toBe(Object.prototype);
  expect(Object.isFrozen(await remote.echo(Object.freeze({ a: 1 })))).toBe(false);
  expect(await remote.echo({ [Symbol('s')]: 1, b: 2 })).toStrictEqual({ b: 2 });
  expect(await remote.echo({ get a() { return 1; } })).toStrictEqual({ a: 1 }); // prettier-ignore
  const shared = { x: 1 };
  const [one, two] = (await remote.echo([shared, shared])) as object[];
  expect(one).not.toBe(two);
  const hidden = Object.defineProperty({ a: 1 }, 'b', { value: 2, enumerable: false });
  expect(Object.getOwnPropertyNames(await remote.echo(hidden))).toEqual(['a']);
  const holders = [new Map(), new Set(), new Date(5), /a/, new URL('http://a/'), new Uint8Array(2)];
  for (const holder of holders)
    expect(await remote.echo(Object.assign(holder, { extra: 1 }))).not.toHaveProperty('extra');
  const pattern2 = await remote.echo(new (class Pattern extends RegExp {})('a', 'g'));
  expect(Object.getPrototypeOf(pattern2)).toBe(RegExp.prototype);
  const url = await remote.echo(new (class Address extends URL {})('http://a/'));
  expect(Object.getPrototypeOf(url)).toBe(URL.prototype);
  // oxlint-disable-next-line prefer-rest-params -- the test needs `arguments`
  const list1 = (function (..._args: number[]) { return arguments; })(1, 2); // prettier-ignore
  expect(await remote.echo(list1)).toStrictEqual({ 0: 1, 1: 2 });
  const view = (await remote.echo(new Uint8Array(new SharedArrayBuffer(4)))) as Uint8Array;
  expect(view.buffer).toBeInstanceOf(ArrayBuffer);
  const list = await remote.echo(new (class List extends Array<number> {})(1, 2, 3));
  expect(Object.getPrototypeOf(list)).toBe(Array.prototype);
});

test('a Float16Array arrives, or the error says that this Node has none', async () => {
  const { Float16Array } = globalThis as unknown as { Float16Array?: new (items: number[]) => object };
  if (Float16Array === undefined) {
    expect(() => makeBytes('Float16Array', new Uint8Array(2))).toThrow(
      /a Float16Array came, and Node .* has none/,
    );
    return;
  }
  const { remote } = await rpcPair(echo);
  expect(await remote.echo(new Float16Array([1.5]))).toStrictEqual(new Float16Array([1.5]));
});
