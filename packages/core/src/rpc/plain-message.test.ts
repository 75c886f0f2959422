import fc from 'fast-check';
import { expect, test } from 'vitest';
import { baseCodec, fullCodec, reuseBuffer } from './msgpack.ts';
import { maxPlainBytes, packAnswer, packRequest, plain, plainBytes, readPlain } from './plain-message.ts';
import { toWire } from './values/outbound.ts';

const outbound = {
  types: true,
  tables: true,
  references: undefined,
  maxDepth: 128,
  encodeError: () => ({}),
};
const edges = [0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 2 ** 32];
const numbers = fc.oneof(
  fc.constantFrom(...edges, ...edges.map((edge) => -edge), ...edges.map((edge) => -edge - 1), -0, -32, -33),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
);
const scalars = fc.oneof(numbers, fc.boolean(), fc.constant(null), fc.string({ unit: 'binary' }));
const lists = fc.array(scalars, { maxLength: 17 });
const anything = fc.oneof({ weight: 4, arbitrary: scalars }, lists, fc.array(lists), fc.anything());
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
      const length = packRequest(id, method, params);
      if (length === 0) return;
      expect(packed(length)).toEqual(atLength([0, id, method, toWire(params, 'args', outbound, -1)]));
    }),
    { numRuns: 2000 },
  );
});

test('a plain answer has the bytes that the codec writes', () => {
  fc.assert(
    fc.property(ids, anything, (id, result) => {
      const length = packAnswer(id, result);
      if (length === 0) return;
      expect(packed(length)).toEqual(atLength([1, id, null, toWire(result, 'result', outbound)]));
    }),
    { numRuns: 2000 },
  );
});

test('numbers, booleans, null and short ASCII texts are plain', () => {
  for (const value of [0, 1, -1, 300, -300, 70_000, -70_000, 1.5, Number.NaN, true, false, null, '', 'world'])
    expect(packAnswer(1, value)).toBeGreaterThan(0);
  expect(packRequest(1, 'Plugin.add', [1, 'two', null])).toBeGreaterThan(0);
});

test('no message is packed that is longer than a plain one', () => {
  const text = 'x'.repeat(31);
  expect(packAnswer(1, new Array(15).fill(text))).toBeGreaterThan(15 * 32);
  expect(packRequest(1, text, new Array(15).fill(text))).toBe(0);
  expect(packRequest(1, 'Plugin.add', new Array(15).fill(new Array(15).fill(text)))).toBe(0);
});

test.each([undefined, -0, 2 ** 40, 1n, 'é', 'x'.repeat(32), {}, () => {}, Symbol('s'), new Date()])(
  '%s is not plain',
  (value) => {
    expect(packAnswer(1, value)).toBe(0);
    expect(packRequest(1, 'Plugin.add', [1, value])).toBe(0);
  },
);

test('short lists of what is plain are plain, and no others', () => {
  for (const list of [[], [1], new Array(15).fill('text')]) {
    expect(packAnswer(1, list)).toBeGreaterThan(0);
    expect(packRequest(1, '$/call', [7, list])).toBeGreaterThan(0);
  }
  for (const list of [[[1]], [{}], [undefined], new Array(1), new Array(16).fill(1)]) {
    expect(packAnswer(1, list)).toBe(0);
    expect(packRequest(1, '$/call', [7, list])).toBe(0);
  }
});

test('a message that is read as plain reads as the codec reads it', () => {
  fc.assert(
    fc.property(ids, fc.array(fc.oneof(scalars, lists), { maxLength: 15 }), numbers, (id, params, result) => {
      const request = atLength([0, id, 'Plugin.add', toWire(params, 'args', outbound, -1)]);
      if (readPlain(request, 0, request.length) > 0)
        expect([plain.id, plain.method, plain.params]).toEqual([id, 'Plugin.add', params]);
      const response = atLength([1, id, null, toWire(result, 'result', outbound)]);
      const end = readPlain(response, 0, response.length);
      if (Math.abs(result) < 2 ** 31) expect(end).toBe(response.length);
      if (end > 0) expect([plain.id, plain.result]).toEqual([id, result]);
    }),
  );
});

test('short ASCII texts are read as plain, and others are not', () => {
  for (const [text, isPlain] of [
    ['', true],
    ['x'.repeat(31), true],
    ['x'.repeat(32), false],
    ['caf\u00e9', false],
  ] as const) {
    const bytes = atLength([0, 1, 'Dispenser.Dispense', [text]]);
    expect(readPlain(bytes, 0, bytes.length)).toBe(isPlain ? bytes.length : 0);
    if (isPlain) expect(plain.params).toEqual([text]);
  }
});

test('no message of more bytes than a plain one has is taken', () => {
  const text = 'x'.repeat(31);
  const bytes = atLength([0, 0xffff_ffff, text, new Array(15).fill(text)]);
  expect(bytes.length).toBeGreaterThan(maxPlainBytes);
  expect(readPlain(bytes, 0, bytes.length)).toBe(0);
});

test('what is cut anywhere is not taken, nor read beyond its end', () => {
  for (const value of [
    5,
    -5,
    200,
    60_000,
    4e9,
    -100,
    -20_000,
    -2e9,
    0.1,
    null,
    true,
    '',
    'world',
    [],
    [1, 'two'],
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

test('any bytes are either left alone or mean what the codec makes of them', () => {
  const tokens = fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0x94, 0, 1, 0xc0, 0x91, 0xa1, 0xcd, 0xd2));
  const starts = fc.constantFrom(
    [0x94, 0, 1, 0xa1, 0x61, 0x91],
    [0x94, 0, 1, 0xa1, 0x61, 0x92, 1, 0x92],
    [0x94, 1, 1, 0xc0],
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
      expect(baseCodec().unpack(bytes, { start: 0, end })).toEqual(message);
    }),
    { numRuns: 5000 },
  );
});
