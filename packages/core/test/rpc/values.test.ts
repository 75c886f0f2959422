import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rpcPair } from '../support/rpc-pair.ts';

const echo = {
  echo: (value: unknown) => value,
  keys: (value: object) => Object.keys(value),
  size: (bytes: Uint8Array) => bytes.length,
};

const full: [string, unknown][] = [
  ['undefined in an object', { a: undefined }],
  ['undefined in an array', [undefined, 1, undefined]],
  ['negative zero', -0],
  ['infinities', [Infinity, -Infinity, NaN]],
  ['a large integer', 2 ** 40 + 1],
  ['a negative large integer', -(2 ** 52)],
  ['a small bigint', 5n],
  ['a negative bigint', -1n],
  ['a bigint at the edge of safe', BigInt(Number.MAX_SAFE_INTEGER)],
  ['a 64-bit bigint', 2n ** 64n - 1n],
  ['a least 64-bit bigint', -(2n ** 63n)],
  ['a bigint below 64 bits', -(2n ** 63n) - 1n],
  ['a bigint of 1,000 bits', 2n ** 1000n + 1n],
  ['a negative bigint of 1,000 bits', -(2n ** 1000n)],
  ['a Date', new Date(1_700_000_000_123)],
  ['a Date before 1970', new Date(-1_234_567_891)],
  ['the earliest Date', new Date(-8.64e15)],
  ['the latest Date', new Date(8.64e15)],
  [
    'a Map with keys of all kinds',
    new Map<unknown, unknown>([
      [1, 'a'],
      ['k', { x: 1 }],
      [{ o: 1 }, new Map([[true, null]])],
    ]),
  ],
  ['a Set', new Set<unknown>([1, 'a', [2]])],
  ['a RegExp', /a+b/giu],
  ['a URL', new URL('https://example.org/a?b#c')],
  ['a nested bag', { a: [new Map([['s', new Set([1n])]])], b: { c: new Date(0), d: [undefined] } }],
  ['text beyond ASCII', 'äß→🎉 \u0000 ' + 'ü'.repeat(300)],
  ['long text', 'x'.repeat(100_000)],
  ...[10, 63, 64, 65, 256, 70_000].map((length): [string, unknown] => [
    `a text of ${length} that begins with U+FEFF, alone, among others and as a key`,
    [
      '\uFEFF'.padEnd(length, 'x'),
      ['\uFEFF'.padEnd(length, '\uFEFF'), new Uint8Array(length).fill(0xef), 'y'.repeat(length)],
      { ['\uFEFF'.padEnd(length, 'k')]: new Map([['\uFEFF'.padEnd(length, '→'), 2n ** 70n]]) },
      new Uint8Array([0xef, 0xbb, 0xbf, ...new Uint8Array(length)]),
    ],
  ]),
  ['a Buffer', Buffer.from('abc')],
  ['an empty Buffer', Buffer.alloc(0)],
  ['an ArrayBuffer', new Uint8Array([1, 2, 3]).buffer],
  ['a Float64Array that is not aligned', new Float64Array(new Uint8Array(24).buffer, 8, 1)],
  ['a large Float64Array', Float64Array.from({ length: 10_000 }, (_, index) => index / 3)],
  ['a BigInt64Array', new BigInt64Array([1n, -1n])],
  ['an Int8Array', new Int8Array([-1, 2])],
  ['a Uint8ClampedArray', new Uint8ClampedArray([1, 255])],
  ['a Uint16Array', new Uint16Array([1, 65535])],
  ['a DataView', new DataView(new Uint8Array([9, 8, 7]).buffer, 1)],
  ['a large Uint8Array', new Uint8Array(100_000).fill(7)],
  [
    'several large Uint8Arrays',
    [new Uint8Array(40_000).fill(1), 'between', new Uint8Array(70_000).fill(2), new Uint8Array(3)],
  ],
];

describe('with all capabilities', () => {
  test.each(full)('%s comes back as it was', async (_name, value) => {
    const { remote } = await rpcPair(echo);
    const result = await remote.echo(value);
    expect(result).toStrictEqual(value);
    if (typeof value === 'number') expect(Object.is(result, value)).toBe(true);
  });

  test('an invalid Date comes back invalid', async () => {
    const { remote } = await rpcPair(echo);
    const [date] = (await remote.echo([new Date(Number.NaN)])) as Date[];
    expect(date).toBeInstanceOf(Date);
    expect(date?.getTime()).toBeNaN();
  });

  test('a key __proto__ is an own property on both sides and touches no prototype', async () => {
    const { remote } = await rpcPair(echo);
    const value = JSON.parse('{"__proto__":{"polluted":true},"a":[{"__proto__":1,"b":{"c":2}}]}') as object;
    expect(await remote.keys(value)).toEqual(['__proto__', 'a']);
    const back = (await remote.echo(value)) as Record<string, unknown>;
    expect(JSON.stringify(back)).toBe(JSON.stringify(value));
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
    expect('polluted' in back).toBe(false);
  });

  test('a key __proto__ with values of all kinds beside it', async () => {
    const { remote } = await rpcPair(echo);
    const value = JSON.parse('{"__proto__":1}') as Record<string, unknown>;
    value['map'] = new Map([['k', { v: 1n }]]);
    value['when'] = new Date(5);
    value['bytes'] = new Uint8Array([1, 2]);
    const back = (await remote.echo(value)) as Record<string, unknown>;
    expect(back['map']).toStrictEqual(value['map']);
    expect(back['when']).toStrictEqual(value['when']);
    expect(back['bytes']).toStrictEqual(value['bytes']);
  });

  test('a small binary result has memory of its own size', async () => {
    const { remote } = await rpcPair(echo);
    for (const bytes of [new Uint8Array(10), Buffer.alloc(10)]) {
      const back = (await remote.echo(bytes)) as Uint8Array;
      expect(back.buffer.byteLength).toBe(10);
    }
  });

  test('an Error keeps name, message, code, cause and own fields, and its class where it is built in', async () => {
    const { remote } = await rpcPair(echo);
    const sent = Object.assign(new RangeError('far', { cause: new Error('root') }), {
      code: 'E_FAR',
      detail: { at: 3 },
    });
    const back = (await remote.echo({ sent })) as { sent: RangeError & { code: string; detail: unknown } };
    expect(back.sent).toBeInstanceOf(RangeError);
    expect(back.sent).toMatchObject({ message: 'far', code: 'E_FAR', detail: { at: 3 } });
    expect((back.sent.cause as Error).message).toBe('root');
  });

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
    [
      'that differ in the last row',
      [...Array.from({ length: 9 }, (_, n) => ({ a: n, b: 1 })), { b: 1, a: 9 }],
    ],
    ['with a row more', [...Array.from({ length: 9 }, (_, n) => ({ a: n })), { a: 1, b: 2 }]],
    ['with a row less', [...Array.from({ length: 9 }, (_, n) => ({ a: n, b: 2 })), { a: 1 }]],
    ['with something else among them', [...Array.from({ length: 9 }, (_, n) => ({ a: n })), null, 5]],
    ['that are empty', Array.from({ length: 9 }, () => ({}))],
  ])('a list of like objects %s', async (_name, rows) => {
    const { remote } = await rpcPair(echo);
    const back = (await remote.echo(rows)) as object[];
    expect(back).toStrictEqual(rows);
    expect(JSON.stringify(back)).toBe(JSON.stringify(rows));
  });

  test('a list of like objects names the path of what cannot travel', async () => {
    const { host } = await rpcPair(echo);
    const rows: unknown[] = Array.from({ length: 9 }, (_, n) => ({ a: n, b: [n === 7 ? Symbol('s') : 0] }));
    await expect(host.call('echo', [rows])).rejects.toThrow('args[0][7].b[0] is a symbol');
  });

  describe('a long list of like objects', () => {
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
      'bytes of their own': (n) => new Uint8Array(n),
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
      'lists as long': (n) => (n % 50 === 0 ? Array.from({ length: all }, (_, m) => ({ m, n })) : []),
    };

    test.each(Object.entries(cells))('of %s comes back as it was', async (_name, cell) => {
      const { remote } = await rpcPair(echo);
      const rows = Array.from({ length: all }, (_, n) => ({ n, cell: cell(n), last: 'x' }));
      const back = (await remote.echo(rows)) as object[];
      expect(back).toStrictEqual(rows);
      for (const row of back) expect(Object.keys(row)).toEqual(['n', 'cell', 'last']);
    });

    test.each([1, 7, 8, 9, 20, 64])('with %i keys keeps them in order', async (width) => {
      const { remote } = await rpcPair(echo);
      const keys = Array.from({ length: width }, (_, key) => `k${(key * 7) % width}`);
      const rows = Array.from({ length: all }, (_, n) =>
        Object.fromEntries(keys.map((key, k) => [key, n * k])),
      );
      const back = (await remote.echo(rows)) as object[];
      expect(back).toStrictEqual(rows);
      expect(JSON.stringify(back)).toBe(JSON.stringify(rows));
    });

    test('with keys that are indexes, and one that is empty', async () => {
      const { remote } = await rpcPair(echo);
      const rows = Array.from({ length: all }, (_, n) => ({ b: n, 10: `${n}`, '': n / 2, 2: [n] }));
      const back = (await remote.echo(rows)) as object[];
      expect(back).toStrictEqual(rows);
      expect(JSON.stringify(back)).toBe(JSON.stringify(rows));
    });

    test('with halves of surrogate pairs gets U+FFFD for each, as any text does', async () => {
      const { remote } = await rpcPair(echo);
      // One text ends with what the next one would complete.
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

    test('with a function in each row', async () => {
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
    ])('names the way to %s', async (_name, cell, message) => {
      const { host } = await rpcPair(echo);
      const rows = Array.from({ length: all }, (_, n) => ({ first: n, a: cell(n) }));
      await expect(host.call('echo', [rows])).rejects.toThrow(`args[0][70]${message}`);
      expect(await host.call('echo', [1])).toBe(1);
    });

    test('refuses a cycle, and a function named then', async () => {
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

    test('goes as deep as any value, and no deeper', async () => {
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
          if (around + 2 + levels <= 128) expect(await result).toStrictEqual(sent);
          else await expect(result).rejects.toMatchObject({ code: 'RPC_TOO_DEEP' });
        }
      }
    });

    test('to a peer without types has null for undefined', async () => {
      const { remote } = await rpcPair(echo, { capabilities: ['tables'] });
      const rows = Array.from({ length: all }, (_, n) => ({ n, u: undefined, l: [undefined, `${n}`] }));
      expect(await remote.echo(rows)).toStrictEqual(rows.map(({ n }) => ({ n, u: null, l: [null, `${n}`] })));
    });

    test('of anything, column by column alike, with an exception or none, comes back as it was', async () => {
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
        fc.anything({
          withNullPrototype: false,
          withBigInt: true,
          withDate: true,
          withMap: true,
          withSet: true,
        }),
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
          expect(await remote.echo(rows)).toStrictEqual(rows);
        }),
        { numRuns: 300 },
      );
    });
  });

  test('any plain value comes back as it was', async () => {
    const { remote } = await rpcPair(echo);
    const value = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withNullPrototype: false,
      withSparseArray: false,
    });
    await fc.assert(
      fc.asyncProperty(value, async (sent) => {
        expect(await remote.echo({ sent })).toStrictEqual({ sent });
      }),
      { numRuns: 500 },
    );
  });
});

describe('in the base', () => {
  test.each<[string, unknown, unknown]>([
    ['undefined', { a: undefined }, { a: null }],
    ['a Date', new Date(1234), new Date(1234)],
    ['negative zero', -0, -0],
    ['a 64-bit bigint', 2n ** 60n, 2n ** 60n],
    ['a Buffer', Buffer.from('abc'), new Uint8Array([97, 98, 99])],
    ['a Uint8Array', new Uint8Array([1]), new Uint8Array([1])],
    ['a large Uint8Array', new Uint8Array(50_000).fill(3), new Uint8Array(50_000).fill(3)],
  ])('%s', async (_name, sent, received) => {
    const { remote } = await rpcPair(echo, { capabilities: [] });
    expect(await remote.echo(sent)).toStrictEqual(received);
  });
});

describe('refuses, before anything is sent and with its path,', () => {
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

  test('a result, naming its path to the caller', async () => {
    const { host } = await rpcPair({ bad: () => ({ list: [new Point()] }) });
    await expect(host.call('bad', [])).rejects.toThrow('result.list[0] is an instance of Point');
  });
});
