import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runs } from '../../../../testing/explore.ts';
import { rpcPair } from '../support/rpc-pair.ts';
import { expectSame } from '../support/same.ts';

const echo = {
  echo: (value: unknown) => value,
  keys: (value: object) => Object.keys(value),
};

test.each<[string, unknown[]]>([
  [
    'with values of all kinds',
    Array.from({ length: 20 }, (_, n) => ({
      n,
      s: `${n}`,
      l: [n],
      m: new Map([[n, n]]),
      u: undefined,
      d: new Date(n),
    })),
  ],
  ['with one field', Array.from({ length: 8 }, (_, n) => ({ n }))],
  [
    'with twenty fields',
    Array.from({ length: 9 }, (_, n) =>
      Object.fromEntries(Array.from({ length: 20 }, (_, f) => [`f${f}`, n * f])),
    ),
  ],
  [
    'with tables inside',
    Array.from({ length: 9 }, (_, n) => ({ rows: Array.from({ length: 9 }, (_, m) => ({ a: n, b: m })) })),
  ],
  ['that differ in the last row', [...Array.from({ length: 9 }, (_, n) => ({ a: n, b: 1 })), { b: 1, a: 9 }]],
  ['whose last row has one key more', [...Array.from({ length: 9 }, (_, n) => ({ a: n })), { a: 1, b: 2 }]],
  ['whose last row has one key less', [...Array.from({ length: 9 }, (_, n) => ({ a: n, b: 2 })), { a: 1 }]],
  ['with something else among them', [...Array.from({ length: 9 }, (_, n) => ({ a: n })), null, 5]],
  ['that are empty', Array.from({ length: 9 }, () => ({}))],
])('a list of similar objects %s comes back unchanged', async (_name, rows) => {
  const { remote } = await rpcPair(echo);
  const back = (await remote.echo(rows)) as object[];
  expectSame(back, rows);
  expect(JSON.stringify(back)).toBe(JSON.stringify(rows));
});

test('if a value in a list of objects with the same keys cannot be sent, the error has the path of the value', async () => {
  const { host } = await rpcPair(echo);
  const rows: unknown[] = Array.from({ length: 9 }, (_, n) => ({ a: n, b: [n === 7 ? Symbol('s') : 0] }));
  await expect(host.call('echo', [rows])).rejects.toThrow('args[0][7].b[0] is a symbol');
});

describe('a long list of objects with the same keys', () => {
  const all = 100;
  const cells: Record<string, (n: number) => unknown> = {
    bytes: (n) => n - 50,
    'integers of two bytes': (n) => n * 300 - 15_000,
    'integers of four bytes': (n) => (n - 50) * 40_000_000,
    'an integer too many for four bytes': (n) => (n === 50 ? 2 ** 31 : n),
    'integers beyond 32 bits': (n) => 1_700_000_000_000 + n,
    'integers beyond 53 bits': (n) => 2 ** 60 * n,
    'numbers of all kinds': (n) => [0, -0, NaN, Infinity, -Infinity, 0.1, 5e-324, 2 ** 53][n % 8],
    'negative zero among integers': (n) => (n === 70 ? -0 : n),
    texts: (n) => `text ${n}`,
    'empty texts among others': (n) => 'x'.repeat(n % 20),
    'long texts': (n) => `${n}`.padEnd(300 + n, '-'),
    'very long texts': (n) => `${n}`.padEnd(70_000, '-'),
    'texts beyond ASCII': (n) => `ü${n}→🎉`,
    'texts with a mark of byte order': (n) => `\uFEFF${n}`.padEnd(n, '\uFEFF'),
    'texts with NUL': (n) => `\0${n}\0`,
    'few texts': (n) => ['red', 'green', 'blue', ''][n % 4],
    'few long texts': (n) => ['r', 'g'][n % 2]?.repeat(33),
    'the same text': () => 'same',
    booleans: (n) => n % 3 === 0,
    null: () => null,
    undefined: () => undefined,
    'null and undefined among booleans': (n) => [true, null, false, undefined][n % 4],
    'texts or null': (n) => (n % 2 === 0 ? null : `${n}`),
    'numbers or null': (n) => (n % 2 === 0 ? null : n),
    'a text among numbers': (n) => (n === 99 ? 'x' : n),
    'a number among texts': (n) => (n === 99 ? 5 : `x${n}`),
    'a zero and a negative zero among booleans': (n) => [true, 0, -0][n % 3],
    bigints: (n) => BigInt(n) ** 20n,
    dates: (n) => new Date(n),
    'byte arrays of different lengths': (n) => new Uint8Array(n),
    'lists of numbers': (n) => Array.from({ length: n }, (_, m) => m * n),
    'lists of texts': (n) => ['a', `b${n}`],
    'empty lists': () => [],
    'lists of undefined': (n) => new Array<undefined>(n % 3).fill(undefined),
    'long lists': (n) => new Array<number>(n === 3 ? 70_000 : 300).fill(n),
    'lists of objects': (n) => [{ n }, n],
    'lists of lists': (n) => [[n], []],
    'lists or null': (n) => (n === 50 ? null : [n]),
    records: (n) => ({ x: n, y: { z: `${n}`, w: [n] } }),
    'records that differ': (n) => (n === 98 ? { y: 1, x: 2 } : { x: 1, y: n }),
    'records or null': (n) => (n === 50 ? null : { n }),
    'records with a key __proto__': (n) => JSON.parse(`{"__proto__":${n},"a":1}`) as unknown,
    'empty records': () => ({}),
    maps: (n) => new Map([[n, { n }]]),
    'lists as long as the table': (n) =>
      n % 50 === 0 ? Array.from({ length: all }, (_, m) => ({ m, n })) : [],
  };

  test.each(Object.entries(cells))('of %s comes back unchanged', async (_name, cell) => {
    const { remote } = await rpcPair(echo);
    const rows = Array.from({ length: all }, (_, n) => ({ n, cell: cell(n), last: 'x' }));
    const back = (await remote.echo(rows)) as object[];
    expectSame(back, rows);
    for (const row of back) expect(Object.keys(row)).toEqual(['n', 'cell', 'last']);
  });

  test.each([1, 7, 8, 9, 20, 64])('with %i keys keeps them in order', async (width) => {
    const { remote } = await rpcPair(echo);
    const keys = Array.from({ length: width }, (_, key) => `k${(key * 7) % width}`);
    const rows = Array.from({ length: all }, (_, n) =>
      Object.fromEntries(keys.map((key, k) => [key, n * k])),
    );
    const back = (await remote.echo(rows)) as object[];
    expectSame(back, rows);
    expect(JSON.stringify(back)).toBe(JSON.stringify(rows));
  });

  test('with index keys and an empty key comes back unchanged', async () => {
    const { remote } = await rpcPair(echo);
    const rows = Array.from({ length: all }, (_, n) => ({ b: n, 10: `${n}`, '': n / 2, 2: [n] }));
    const back = (await remote.echo(rows)) as object[];
    expectSame(back, rows);
    expect(JSON.stringify(back)).toBe(JSON.stringify(rows));
  });

  test('with halves of surrogate pairs gets U+FFFD for each half, like any text', async () => {
    const { remote } = await rpcPair(echo);
    // Each text ends with the first half of a surrogate pair, and the next text begins with the second half.
    const texts = Array.from({ length: all }, (_, n) => (n % 2 === 0 ? `${n}\ud83c` : `\udf89${n}`));
    const few = (n: number): string => ['\ud83c', '\udf89', 'ok'][n % 3]!;
    const rows = texts.map((text, n) => ({ text, few: few(n), list: [text], key: { a: text } }));
    expect(await remote.echo(rows)).toStrictEqual(
      rows.map(({ text, few: choice }) => ({
        text: text.toWellFormed(),
        few: choice.toWellFormed(),
        list: [text.toWellFormed()],
        key: { a: text.toWellFormed() },
      })),
    );
    const odd = texts.map((_, n) => ({ 'a\ud800': n, 'a\ud801': n }));
    expect(await remote.keys((await remote.echo(odd)) as object)).toHaveLength(all);
  });

  test('with a function in each row comes back with the same functions', async () => {
    const { remote } = await rpcPair(echo);
    const rows = Array.from({ length: all }, (_, n) => ({ n, call: () => n, list: [() => n + 1] }));
    const back = (await remote.echo(rows)) as typeof rows;
    expect(back[77]!.call).toBe(rows[77]!.call);
    expect(back[78]!.list[0]).toBe(rows[78]!.list[0]);
  });

  test.each<[string, (n: number) => unknown, string]>([
    ['a symbol', (n) => (n === 70 ? Symbol('s') : 1), '.a is a symbol'],
    ['a symbol in a list', (n) => [n, n === 70 ? Symbol('s') : 1], '.a[1] is a symbol'],
    ['a symbol in a record', (n) => ({ b: n === 70 ? Symbol('s') : 1 }), '.a.b is a symbol'],
    ['a class instance', (n) => (n === 70 ? new WeakMap() : { n }), '.a is an instance of WeakMap'],
  ])('is refused with the path to %s', async (_name, cell, message) => {
    const { host } = await rpcPair(echo);
    const rows = Array.from({ length: all }, (_, n) => ({ first: n, a: cell(n) }));
    await expect(host.call('echo', [rows])).rejects.toThrow(`args[0][70]${message}`);
    expect(await host.call('echo', [1])).toBe(1);
  });

  test('fails if it has a cycle, or a function named then', async () => {
    const { host } = await rpcPair(echo);
    const rows: Record<string, unknown>[] = Array.from({ length: all }, (_, n) => ({ n }));
    for (const row of rows) row['rows'] = rows;
    await expect(host.call('echo', [rows])).rejects.toThrow('contains itself');
    for (const row of rows) row['rows'] = { left: row, right: row };
    await expect(host.call('echo', [rows])).rejects.toThrow('contains itself');
    for (const row of rows) row['rows'] = [[row]];
    await expect(host.call('echo', [rows])).rejects.toThrow('contains itself');
    const thenables = rows.map((_, n) => ({ n, then: () => {} }));
    await expect(host.call('echo', [thenables])).rejects.toThrow('args[0][0].then');
  });

  test('can be nested as deep as any other value, and no deeper', async () => {
    const { host } = await rpcPair(echo);
    const nest = (value: unknown, levels: number): unknown =>
      levels === 0 ? value : nest([value], levels - 1);
    const cells: [(n: number) => unknown, levels: number][] = [
      [(n) => n, 0],
      [(n) => [n], 1],
      [(n) => ({ x: { y: [n] } }), 3],
    ];
    for (let around = 120; around <= 128; around++) {
      for (const [cell, levels] of cells) {
        const sent = nest(
          Array.from({ length: all }, (_, n) => ({ a: cell(n), b: n % 2 === 0 })),
          around,
        );
        const result = host.call('echo', [sent]);
        if (around + 2 + levels <= 128) expectSame(await result, sent);
        else await expect(result).rejects.toMatchObject({ code: 'RPC_TOO_DEEP' });
      }
    }
  });

  test('arrives with null in place of undefined at a peer without the capability `types`', async () => {
    const { remote } = await rpcPair(echo, { capabilities: ['tables'] });
    const rows = Array.from({ length: all }, (_, n) => ({ n, u: undefined, l: [undefined, `${n}`] }));
    expect(await remote.echo(rows)).toStrictEqual(rows.map(({ n }) => ({ n, u: null, l: [null, `${n}`] })));
  });

  test('comes back unchanged if each column has one kind of value, with at most two exceptions in the list', async () => {
    const { remote } = await rpcPair(echo);
    const text = fc.string({ unit: 'binary', maxLength: 40 });
    const kinds: fc.Arbitrary<unknown>[] = [
      fc.integer({ min: -130, max: 130 }),
      fc.integer({ min: -33_000, max: 33_000 }),
      fc.integer(),
      fc.maxSafeInteger(),
      fc.double(),
      fc.constantFrom(0, -0, 1, NaN, Infinity, 2 ** 31, -(2 ** 31), 2 ** 53, -(2 ** 53)),
      fc.boolean(),
      fc.constantFrom(null, undefined, true, 'x', 'y', ''),
      fc.string({ maxLength: 14 }),
      text,
      fc.option(text),
      fc.bigInt(),
      fc.date({ noInvalidDate: true }),
      fc.array(fc.integer({ min: -200, max: 200 }), { maxLength: 5 }),
      fc.array(text, { maxLength: 5 }),
      fc.array(fc.oneof(text, fc.double(), fc.boolean(), fc.constant(undefined)), { maxLength: 4 }),
      fc.record(
        {
          a: fc.integer(),
          b: text,
          c: fc.record({ d: fc.array(fc.double(), { maxLength: 3 }) }, { noNullPrototype: true }),
        },
        { noNullPrototype: true },
      ),
      fc
        .anything({
          withNullPrototype: false,
          withBigInt: true,
          withDate: true,
          withMap: true,
          withSet: true,
        })
        // Node treats two invalid dates as different, so a value with an invalid date would not equal its
        // copy.
        .filter((sent) => !inspect(sent, { depth: Infinity, maxArrayLength: null }).includes('Invalid Date')),
    ];
    const value = fc.oneof(...kinds);
    const column = fc.oneof(
      ...kinds.map((kind) => fc.array(kind, { minLength: 1, maxLength: 80, size: 'max' })),
    );
    const table = fc.record({
      count: fc.integer({ min: 60, max: 140 }),
      columns: fc.dictionary(fc.string({ maxLength: 3 }), column, { minKeys: 1, maxKeys: 10 }),
      exceptions: fc.array(fc.tuple(fc.nat(), fc.nat(), value), { maxLength: 2 }),
    });
    await fc.assert(
      fc.asyncProperty(table, async ({ count, columns, exceptions }) => {
        const keys = Object.keys(columns);
        const rows = Array.from({ length: count }, (_, n) =>
          Object.fromEntries(keys.map((key) => [key, columns[key]![n % columns[key]!.length]])),
        );
        for (const [row, key, exception] of exceptions)
          rows[row % count]![keys[key % keys.length]!] = exception;
        expectSame(await remote.echo(rows), rows);
      }),
      { numRuns: runs(30) },
    );
  });
});
