import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runs as timesOf } from '../../../../testing/explore.ts';
import { ownCapabilities } from '../support/internals.ts';
import { rpcPair } from '../support/rpc-pair.ts';
import { collect } from '../support/streams.ts';

describe('a stream of many objects', () => {
  const shape = (n: number): Record<string, unknown> => ({
    n,
    text: `${n}`,
    half: n / 2,
    even: n % 2 === 0,
    no: null,
  });
  const changing: [string, (n: number) => unknown][] = [
    ['that are alike', shape],
    ['with undefined', (n) => ({ n, u: undefined })],
    ['of which one has a key more', (n) => (n === 700 ? { ...shape(n), more: 1 } : shape(n))],
    ['of which one has a key less', (n) => (n === 700 ? { n } : shape(n))],
    ['of which one has its keys in another order', (n) => (n === 700 ? { b: n, a: n } : { a: n, b: n })],
    ['of which one is not an object', (n) => (n === 700 ? [n] : shape(n))],
    ['of which one has a nested value', (n) => (n === 700 ? { n: [n] } : { n })],
    ['of which one has a function', (n) => (n === 700 ? { n: 'f', f: null } : { n, f: 1 })],
    ['of which one is large', (n) => ({ text: 'x'.repeat(n === 700 ? 100_000 : 10) })],
    ['of which each has 1,000 characters', (n) => ({ text: `${n}`.padEnd(1000, '-') })],
    ['of which each has 5,000 characters', (n) => ({ text: `${n}`.padEnd(5000, '-') })],
    ['of two shapes in turn', (n) => (n % 2 === 0 ? shape(n) : { other: n })],
    ['with large bytes', (n) => ({ n, bytes: new Uint8Array(n === 700 ? 50_000 : 3) })],
    [
      'with numbers of all kinds',
      (n) => ({ n: [0, -0, NaN, 1.5, 2 ** 31, 2 ** 53, -(2 ** 40), 1e300][n % 8] }),
    ],
    ['with bigints', (n) => ({ n: BigInt(n) })],
    ['with nothing in them', () => ({})],
    ['with a key __proto__', (n) => JSON.parse(`{"__proto__":${n}}`) as unknown],
    ['with text beyond ASCII', (n) => ({ text: `\uFEFFü${n}🎉` })],
  ];

  test.each(changing)('%s carries each object unchanged', async (_name, item) => {
    const pair = await rpcPair({
      *items() {
        for (let n = 0; n < 1500; n++) yield item(n);
      },
    });
    const items = await collect(pair.remote.items() as AsyncIterable<unknown>);
    expect(items).toStrictEqual(Array.from({ length: 1500 }, (_, n) => item(n)));
  });

  test('carries each object as it was when the source gave it, even if the source changes it later', async () => {
    const pair = await rpcPair({
      *items() {
        const item = { n: 0, text: '' };
        for (; item.n < 1000; item.n++) {
          item.text = `${item.n}`;
          yield item;
        }
      },
    });
    const items = await collect(pair.remote.items() as AsyncIterable<unknown>);
    expect(items).toStrictEqual(Array.from({ length: 1000 }, (_, n) => ({ n, text: `${n}` })));
  });

  test('also reaches a peer without the capability tables', async () => {
    const capabilities = ownCapabilities.filter((word) => word !== 'tables');
    const pair = await rpcPair(
      {
        *items() {
          for (let n = 0; n < 1000; n++) yield shape(n);
        },
      },
      { capabilities },
    );
    const items = await collect(pair.remote.items() as AsyncIterable<unknown>);
    expect(items).toStrictEqual(Array.from({ length: 1000 }, (_, n) => shape(n)));
  });

  test('of arbitrary values in any order arrives unchanged', async () => {
    const value = fc.oneof(
      fc.record({ a: fc.integer(), b: fc.string() }, { noNullPrototype: true }),
      fc.record({ a: fc.double(), b: fc.option(fc.boolean()) }, { noNullPrototype: true }),
      fc.record(
        { c: fc.anything({ withNullPrototype: false, withBigInt: true }) },
        { noNullPrototype: true },
      ),
    );
    const runs = fc.array(fc.tuple(value, fc.integer({ min: 1, max: 120 })), { maxLength: 12 });
    let sent: unknown[] = [];
    const pair = await rpcPair({
      *items() {
        yield* sent;
      },
    });
    await fc.assert(
      fc.asyncProperty(runs, async (parts) => {
        sent = parts.flatMap(([item, times]) => new Array<unknown>(times).fill(item));
        expect(await collect(pair.remote.items() as AsyncIterable<unknown>)).toStrictEqual(sent);
      }),
      { numRuns: timesOf(40) },
    );
  });
});
