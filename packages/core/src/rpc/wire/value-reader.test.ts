import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toWire } from '../values/outbound.ts';
import { errorMap } from '../values/error-map.ts';
import { fullCodec } from './msgpack.ts';
import { readOne } from './value-reader.ts';
import { saw, Scanner } from './scanner.ts';

const options = {
  types: true,
  tables: true,
  references: undefined,
  maxDepth: 100,
  encodeError: (error: Error) => errorMap(error, options),
};
const pack = (value: unknown): Buffer => Buffer.from(fullCodec().pack(toWire(value, 'value', options), 0));
const unpack = (bytes: Buffer): unknown => fullCodec().unpack(bytes, { start: 0, end: bytes.length });
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('the reader of values', () => {
  test('reads the same values as msgpackr', () => {
    const value = fc.anything({
      withBigInt: true,
      withDate: true,
      withTypedArray: true,
      withSet: true,
      withMap: true,
      maxDepth: 4,
      key: fc.string({ unit: 'grapheme' }).filter((key) => key !== '__proto__'),
    });
    fc.assert(
      fc.property(value, (given) => {
        let bytes: Buffer;
        try {
          bytes = pack(given);
        } catch {
          return;
        }
        expect(readOne(bytes, 0)).toEqual(unpack(bytes));
      }),
    );
  });

  test.each([
    ['every size of an integer', '9a 7f cc80 cd0100 ce00010000 cf0000000100000000 ff d080 d18000 d280000000 d38000000000000000'],
    ['integers about 2^53', '94 cf0020000000000000 cf0020000000000001 d3ffe0000000000000 d3ffdfffffffffffff'],
    ['floats', '92 ca3f800000 cb3ff8000000000000'],
    ['every size of a text', `93 a161 d92161${'62'.repeat(32)} da002161${'63'.repeat(32)}`],
    ['every size of a list and a map', '94 dc000101 dd0000000101 de0001a16101 df00000001a16101'],
    ['undefined, dates and bytes', '95 d40000 d6ff00000001 d7ff0000000400000001 c40101 c5000101'],
  ])('reads %s', (_what, text) => {
    const bytes = hex(text);
    expect(readOne(bytes, 0)).toEqual(unpack(bytes));
  }); // prettier-ignore

  test.each<[string, string, unknown]>([
    ['texts', '82 a4 31303230 01 a161 02', { 1020: 1, a: 2 }],
    ['integers', '83 cd03fc 01 7f 02 ff 03', { 1020: 1, 127: 2, '-1': 3 }],
    ['integers of eight bytes, floats and booleans', '83 cf00000000000003fc 01 cb408fe00000000000 02 c3 03', { 1020: 2, true: 3 }],
    ['equal texts', '82 a4 31303230 01 a4 31303230 02', { 1020: 2 }],
    ['__proto__', '81 a9 5f5f70726f746f5f5f 01', JSON.parse('{"__proto__":1}')],
  ])('turns keys that are %s into properties', (_what, text, value) => {
    const read = readOne(hex(text), 0) as object;
    expect(read).toEqual(value);
    expect(Object.keys(read)).toEqual(Object.keys(value as object));
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
  }); // prettier-ignore
});

/**
 * Scans a message, in two pieces if `split` is not 0. Returns whether the scanner saw a sparse key, and how
 * many of the 1,000 allowed values are left.
 */
function scanned(bytes: Buffer, split: number): [boolean, number] {
  const scanner = new Scanner(10_000, 10, 1_000);
  if (split > 0) expect(scanner.scan(bytes, 0, split)).toBe(-1);
  expect(scanner.scan(bytes, split, bytes.length)).toBe(bytes.length);
  return [(scanner.flags & saw.sparseKey) !== 0, scanner.valuesLeft];
}

describe('the scanner', () => {
  test.each([
    ['a text', '81 a4 31303230 01'],
    ['a text after another key', '82 a161 01 a4 31303230 01'],
    ['a text with a longer header', '81 d904 31303230 01'],
    ['a text with the longest header', '81 db00000004 31303230 01'],
    ['a small integer', '81 7f 01'],
    ['an integer of two bytes', '81 cd03fc 01'],
    ['an integer of eight bytes', '81 cf00000000000003fc 01'],
    ['a signed integer', '81 d103fc 01'],
    ['a float', '81 cb408fe00000000000 01'],
    ['a bigint', '81 c7 03 50 4e 03fc 01'],
    ['in a longer map', 'de0001 cd03fc 01'],
    ['in the longest map', 'df00000001 cd03fc 01'],
    ['in a map in a list in a map', '81 a161 92 01 81 cd03fc 01'],
    ['after a map in the map', '82 a161 81 a162 01 cd03fc 01'],
  ])('sees a key that is a sparse index, wherever the message is split: %s', (_how, text) => {
    const bytes = hex(text);
    for (let split = 0; split < bytes.length; split++)
      expect(scanned(bytes, split)[0], `${split}`).toBe(true);
  });

  test.each([
    ['consecutive indexes', '84 00 01 01 01 02 01 03 01'],
    ['an index of 10 among five keys', '85 a161 01 a162 01 a163 01 a164 01 0a 01'],
    ['a value that is an integer', '82 a161 cd03fc a162 7f'],
    ['a value that is a text of digits', '81 a161 a4 31303230'],
    ['an item that is a text of digits', '92 a4 31303230 7f'],
    ['an item of a list in a map', '81 a161 94 7f 7f 7f 7f'],
    ['a text that only begins with digits', '81 a4 31302d30 01'],
    ['a text of digits that begins with 0', '81 a4 30303230 01'],
    ['a long text of digits', `81 d921 ${'31'.repeat(33)} 01`],
    ['a negative integer', '81 f0 01'],
  ])('does not take %s for a sparse index', (_what, text) => {
    expect(scanned(hex(text), 0)[0]).toBe(false);
  });

  test('counts two additional values for a map whose only key is an index, and none for a map of several indexes', () => {
    expect(scanned(hex('81 a161 01'), 0)[1]).toBe(998);
    expect(scanned(hex('81 00 01'), 0)[1]).toBe(996);
    expect(scanned(hex('83 00 01 01 01 02 01'), 0)[1]).toBe(994);
  });
});
