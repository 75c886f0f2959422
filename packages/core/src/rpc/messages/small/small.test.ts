import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runs } from '../../../../../../testing/explore.ts';
import { fullCodec, reuseBuffer } from '../../wire/msgpack.ts';
import { toWire } from '../../values/outbound.ts';
import { maxPlainBytes, maxPlainText } from './limits.ts';
import { plain, readPlain } from './reader.ts';
import { packAnswer, packMethod, packRequest, plainBytes, takeUnwritten } from './writer.ts';

const full = { types: true, tables: true, references: undefined };
const outbound = { ...full, maxDepth: 128, encodeError: () => ({}) };
const edges = [0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 2 ** 32];
const numbers = fc.oneof(
  fc.constantFrom(...edges, ...edges.map((edge) => -edge), ...edges.map((edge) => -edge - 1), -0, -32, -33),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
);
const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'binary', minLength: 25, maxLength: 260, size: 'max' }),
  fc.string({
    unit: fc.constantFrom('x', '\u00e9', '\u20ac', '\u{1f600}', '\ufeff', '\ud800'),
    maxLength: 260,
    size: 'max',
  }),
);
const scalars = fc.oneof(numbers, fc.boolean(), fc.constant(null), fc.constant(undefined), texts);
const lists = fc.array(scalars, { maxLength: 17 });
const keyTexts = fc.oneof(
  fc.string(),
  fc.constantFrom('id', 'name', 'then', '0', '__proto__', 'constructor', 'toString'),
  texts,
);
const records = fc.dictionary(keyTexts, fc.oneof(scalars, lists), { maxKeys: 17, noNullPrototype: true });
const rows = fc.array(fc.record({ id: fc.nat(), name: texts }), { minLength: 6, maxLength: 10 });
const nested = fc.array(fc.oneof(records, fc.array(lists)), { maxLength: 4 });
const anything = fc.oneof({ weight: 4, arbitrary: scalars }, lists, records, rows, nested, fc.anything());
const ids = fc.oneof(fc.constantFrom(...edges.slice(0, -1)), fc.nat({ max: 0xffff_ffff }));

function packed(length: number): Buffer {
  return Buffer.from(plainBytes.subarray(0, length));
}

function atLength(message: unknown): Buffer {
  const bytes = fullCodec().pack(message, reuseBuffer);
  return Buffer.from(bytes.subarray(bytes.start, bytes.end));
}

test('a plain request has the bytes that the codec writes', () => {
  fc.assert(
    fc.property(ids, fc.string(), fc.array(anything, { maxLength: 17 }), (id, method, params) => {
      const length = packRequest(id, packMethod(method), params, full);
      if (length === 0) return;
      expect(packed(length)).toEqual(atLength([0, id, method, toWire(params, 'args', outbound, -1)]));
    }),
    { numRuns: runs(500) },
  );
});

test('a plain answer has the bytes that the codec writes', () => {
  fc.assert(
    fc.property(ids, anything, (id, result) => {
      const length = packAnswer(id, result, full);
      if (length === 0) return;
      expect(packed(length)).toEqual(atLength([1, id, null, toWire(result, 'result', outbound)]));
    }),
    { numRuns: runs(500) },
  );
});

const plainValues = [
  ...[
    0,
    1,
    -1,
    300,
    -300,
    70_000,
    -70_000,
    1.5,
    Number.NaN,
    2 ** 40,
    -(2 ** 40),
    2 ** 60,
    true,
    false,
    null,
    undefined,
  ],
  ...[
    '',
    'world',
    'caf\u00e9',
    '\u{1f600}',
    'x'.repeat(32),
    'x'.repeat(255),
    '\u20ac'.repeat(255),
    '\ufeffmark',
  ],
  ...[[], [1], [[[1]]], new Array(15).fill('text'), {}, { id: 1, user: { name: 'Ann', tags: ['a', null] } }],
];

test('numbers, booleans, null, undefined, texts, and short lists and objects of them are plain', () => {
  for (const value of plainValues) {
    expect(packAnswer(1, value, full)).toBeGreaterThan(0);
    expect(packRequest(1, packMethod('Plugin.add'), [1, value], full)).toBeGreaterThan(0);
    expect(packRequest(1, packMethod('$/call'), [7, [value]], full)).toBeGreaterThan(0);
  }
});

const deep = (levels: number): unknown => (levels === 0 ? [] : [deep(levels - 1)]);
const cyclic: Record<string, unknown> = {};
cyclic['self'] = cyclic;

test.each([
  ...[-0, 1n, '\ud800', 'x'.repeat(256), () => {}, Symbol('s'), new Date(), new Map(), new Uint8Array(1)],
  ...[new (class Point {})(), Object.create(null), { then: () => {} }, { ['\u00e9'.repeat(20)]: () => {} }],
  ...[
    new Array(16).fill(1),
    Object.fromEntries(Array.from({ length: 16 }, (_, i) => [i, i])),
    deep(8),
    cyclic,
  ],
])('%s is not plain', (value) => {
  expect(packAnswer(1, value, full)).toBe(0);
  expect(packRequest(1, packMethod('Plugin.add'), [1, value], full)).toBe(0);
});

test('undefined is plain only for a peer that announced types', () => {
  const base = { ...full, types: false };
  expect(packAnswer(1, undefined, base)).toBe(0);
  expect(packAnswer(1, { left: undefined }, base)).toBe(0);
  expect(packAnswer(1, { left: null }, base)).toBeGreaterThan(0);
});

test('a value that is sent by reference is not plain', () => {
  const apart = { name: 'apart' };
  const references = { standsApart: (record: object) => record === apart };
  expect(packAnswer(1, { name: 'apart' }, { ...full, references })).toBeGreaterThan(0);
  expect(packAnswer(1, [apart], { ...full, references })).toBe(0);
});

test('if Object.prototype has an extra property, objects are left to the codec', () => {
  const descriptor = { value: 1, enumerable: true, configurable: true, writable: true };
  Object.defineProperty(Object.prototype, 'inherited', descriptor);
  const length = packAnswer(1, { own: 1 }, full);
  delete (Object.prototype as { inherited?: unknown }).inherited;
  expect(length).toBe(0);
});

test('packing throws the error of a getter, and the next message is packed as usual', () => {
  const throwing = {
    get it(): never {
      throw new Error('not now');
    },
  };
  expect(() => packAnswer(1, throwing, full)).toThrow('not now');
  expect(() => packRequest(1, packMethod('Plugin.add'), [throwing], full)).toThrow('not now');
  expect(packAnswer(1, 1, full)).toBeGreaterThan(0);
});

interface Field {
  reads: number;
}

/** Returns a copy in which getters replace the fields of objects. Each getter counts how often it is read. */
function counted(value: unknown, fields: Field[]): unknown {
  if (Array.isArray(value)) return value.map((item) => counted(item, fields));
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  const copy = {};
  for (const [key, item] of Object.entries(value)) {
    const inner = counted(item, fields);
    const field = { reads: 0 };
    fields.push(field);
    const get = (): unknown => {
      field.reads++;
      return inner;
    };
    Object.defineProperty(copy, key, { get, enumerable: true });
  }
  return copy;
}

test('takeUnwritten() returns a value equal to the params, and no field of the params is read twice', () => {
  fc.assert(
    fc.property(fc.array(anything, { maxLength: 17 }), (params) => {
      const fields: Field[] = [];
      const length = packRequest(1, packMethod('Plugin.add'), counted(params, fields) as unknown[], full);
      if (length > 0) return;
      const { value } = takeUnwritten();
      const read = fields.filter(({ reads }) => reads > 0);
      expect(value).toEqual(params);
      for (const field of read) expect(field.reads).toBe(1);
    }),
    { numRuns: runs(500) },
  );
});

test('a getter that packs another message does not disturb the message that contains the getter', () => {
  let inner = -1;
  const value = {
    before: 'before',
    get calls() {
      inner = packAnswer(2, 'the inner one', full);
      return 'done';
    },
    after: 'after',
  };
  const length = packAnswer(1, value, full);
  expect(inner).toBe(0);
  expect(packed(length)).toEqual(atLength([1, 1, null, { before: 'before', calls: 'done', after: 'after' }]));
});

test('no message longer than maxPlainBytes is packed as plain', () => {
  // The longest text may begin just before the limit. Its header and its bytes must fit into the buffer.
  expect(plainBytes.length).toBeGreaterThanOrEqual(maxPlainBytes + maxPlainText * 3 + 3);
  const text = 'x'.repeat(200);
  expect(packAnswer(1, new Array(10).fill(text), full)).toBeGreaterThan(10 * 200);
  expect(packAnswer(1, new Array(11).fill(text), full)).toBe(0);
  expect(packAnswer(1, new Array(15).fill('\u20ac'.repeat(255)), full)).toBe(0);
  expect(packAnswer(1, new Array(15).fill({ [text]: text }), full)).toBe(0);
  expect(packRequest(1, packMethod(text.slice(0, 60)), new Array(10).fill([text]), full)).toBe(0);
});

test('readPlain() reads the same values as the codec', () => {
  const values = fc.oneof(scalars, lists, records, nested);
  fc.assert(
    fc.property(ids, fc.array(values, { maxLength: 15 }), values, (id, params, result) => {
      const request = atLength([0, id, 'Plugin.add', toWire(params, 'args', outbound, -1)]);
      if (readPlain(request, 0, request.length) > 0)
        expect([plain.id, plain.method, plain.params]).toEqual([id, 'Plugin.add', wellFormed(params)]);
      const response = atLength([1, id, null, toWire(result, 'result', outbound)]);
      const end = readPlain(response, 0, response.length);
      if (end > 0) expect([plain.id, plain.result]).toEqual([id, wellFormed(result)]);
    }),
    { numRuns: runs(300) },
  );
});

/** Returns a copy in which U+FFFD replaces each lone half of a surrogate pair. Negative zero is kept. */
function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key.toWellFormed(), wellFormed(item)]),
  );
}

test('a 64-bit integer is read as plain if a number holds it exactly, and is left to the codec otherwise', () => {
  const at = (value: bigint): unknown => {
    const bytes = Buffer.from('940007a166' + '91d3' + '0000000000000000', 'hex');
    bytes.writeBigInt64BE(value, bytes.length - 8);
    return readPlain(bytes, 0, bytes.length) === 0 ? undefined : plain.params[0];
  };
  const least = -(2n ** 53n);
  for (const value of [least, least + 1n, -1n, 0n, 1n, 2n ** 53n - 1n]) expect(at(value)).toBe(Number(value));
  for (const value of [least - 1n, 2n ** 53n, -(2n ** 63n), 2n ** 63n - 1n])
    expect(at(value)).toBeUndefined();
});

test('a message that was packed as plain is read as plain', () => {
  for (const value of plainValues) {
    const length = packAnswer(1, value, full);
    expect(readPlain(packed(length), 0, length)).toBe(length);
    expect(plain.result).toEqual(value);
  }
});

test('bytes that are not UTF-8, keys that are not ASCII, and keys that every object has are left to the codec', () => {
  for (const value of [
    [0xa1, 0xff],
    [0xd9, 0x20, ...new Array<number>(32).fill(0xff)],
    [0x81, 0xa1, 0xff, 0x01],
    [0x81, 0xa2, 0xc3, 0xa9, 0x01],
    [0x81, 0x01, 0x01],
    [0x81, 0xa9, ...Buffer.from('__proto__'), 0x80],
    [0x81, 0xa8, ...Buffer.from('toString'), 0x80],
    [0xd4, 0x01, 0x00],
    [0xd3, 0x00, 0x20, 0, 0, 0, 0, 0, 0],
    [0xd3, 0xff, 0xdf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  ]) {
    const bytes = Buffer.from([0x94, 1, 1, 0xc0, ...value]);
    expect(readPlain(bytes, 0, bytes.length)).toBe(0);
  }
  expect(Object.getPrototypeOf({})).toBe(Object.prototype);
});

test('no message longer than maxPlainBytes is read as plain', () => {
  const text = 'x'.repeat(200);
  const bytes = atLength([0, 0xffff_ffff, 'Plugin.add', new Array(11).fill(text)]);
  expect(bytes.length).toBeGreaterThan(maxPlainBytes);
  expect(readPlain(bytes, 0, bytes.length)).toBe(0);
});

test('readPlain() does not accept a cut message, and does not read beyond the end of a whole one', () => {
  for (const value of [
    5,
    -5,
    200,
    60_000,
    4e9,
    2 ** 50,
    -100,
    -20_000,
    -2e9,
    -(2 ** 50),
    0.1,
    ...plainValues,
  ]) {
    for (const message of [
      [0, 70_000, 'Plugin.add', [1, value]],
      [1, 70_000, null, value],
    ]) {
      const bytes = atLength(message);
      const longer = Buffer.concat([bytes, bytes]);
      for (let end = 0; end < bytes.length; end++) expect(readPlain(longer, 0, end)).toBe(0);
      expect(readPlain(longer, 0, longer.length)).toBe(bytes.length);
      expect(readPlain(longer, bytes.length, longer.length)).toBe(longer.length);
    }
  }
});

test('readPlain() leaves bytes to the codec, or reads the same values as the codec', () => {
  const tokens = fc.oneof(
    fc.nat({ max: 255 }),
    fc.constantFrom(0x94, 0, 1, 0xc0, 0x91, 0xa1, 0xcd, 0xd2, 0x81, 0x82, 0x61, 0xd9, 0xd3, 0xd4),
  );
  const starts = fc.constantFrom(
    [0x94, 0, 1, 0xa1, 0x61, 0x91],
    [0x94, 0, 1, 0xa1, 0x61, 0x92, 1, 0x92],
    [0x94, 1, 1, 0xc0],
    [0x94, 1, 1, 0xc0, 0x82, 0xa1, 0x61],
    [0x94],
    [],
  );
  fc.assert(
    fc.property(starts, fc.array(tokens, { maxLength: 24 }), (start, rest) => {
      const bytes = Buffer.from([...start, ...rest]);
      const end = readPlain(bytes, 0, bytes.length);
      if (end === 0) return;
      expect(end).toBeLessThanOrEqual(bytes.length);
      const { type, id, method, params, result } = plain;
      const message = type === 0 ? [0, id, method, params] : [1, id, null, result];
      expect(fullCodec().unpack(bytes, { start: 0, end })).toEqual(message);
    }),
    { numRuns: runs(1000) },
  );
});
