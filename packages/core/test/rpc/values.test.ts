import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runs } from '../../../../testing/explore.ts';
import { rpcPair } from '../support/rpc-pair.ts';
import { expectSame } from '../support/same.ts';

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
  ['the least 64-bit bigint', -(2n ** 63n)],
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
  ['nested values', { a: [new Map([['s', new Set([1n])]])], b: { c: new Date(0), d: [undefined] } }],
  ['text beyond ASCII', 'äß→🎉 \u0000 ' + 'ü'.repeat(300)],
  ['long text', 'x'.repeat(100_000)],
  ...[10, 63, 64, 65, 256, 70_000].map((length): [string, unknown] => [
    `a text of ${length} that begins with U+FEFF, alone, among other texts, and as a key`,
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
  test.each(full)('%s comes back unchanged', async (_name, value) => {
    const { remote } = await rpcPair(echo);
    const result = await remote.echo(value);
    expectSame(result, value);
    if (typeof value === 'number') expect(Object.is(result, value)).toBe(true);
  });

  test('an invalid Date comes back as an invalid Date', async () => {
    const { remote } = await rpcPair(echo);
    const [date] = (await remote.echo([new Date(Number.NaN)])) as Date[];
    expect(date).toBeInstanceOf(Date);
    expect(date?.getTime()).toBeNaN();
  });

  test('a key __proto__ is an own property on both sides and changes no prototype', async () => {
    const { remote } = await rpcPair(echo);
    const value = JSON.parse('{"__proto__":{"polluted":true},"a":[{"__proto__":1,"b":{"c":2}}]}') as object;
    expect(await remote.keys(value)).toEqual(['__proto__', 'a']);
    const back = (await remote.echo(value)) as Record<string, unknown>;
    expect(JSON.stringify(back)).toBe(JSON.stringify(value));
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
    expect('polluted' in back).toBe(false);
  });

  test('an object with a key __proto__ and values of all kinds comes back unchanged', async () => {
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

  test('a small binary result is in an ArrayBuffer of its own size', async () => {
    const { remote } = await rpcPair(echo);
    for (const bytes of [new Uint8Array(10), Buffer.alloc(10)]) {
      const back = (await remote.echo(bytes)) as Uint8Array;
      expect(back.buffer.byteLength).toBe(10);
    }
  });

  test('an Error keeps its name, message, code, cause and own fields, and its class if the class is built in', async () => {
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

  test('any plain value comes back unchanged', async () => {
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
      { numRuns: runs(150) },
    );
  });
});

describe('bigints at the limits of safe integers', () => {
  test.each([2n ** 53n, -(2n ** 53n), 2n ** 53n - 1n, 2n ** 53n + 1n, 0n])(
    '%s comes back as a bigint',
    async (value) => {
      const { remote } = await rpcPair({ echo: (sent: unknown) => sent });
      expect(await remote.echo([value, new Map([[value, value]])])).toStrictEqual([
        value,
        new Map([[value, value]]),
      ]);
    },
  );
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
    expectSame(await remote.echo(sent), received);
  });
});
