import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CutBytes, CutOff, decode, Extension, MalformedError, WireReader } from './decode.ts';
import { arrayForms, binForms, extensionForms, integerForms, mapForms, textForms } from './forms.ts';
import { encode } from './msgpack.ts';
import { ACK, describeFrame, encodeFrame, FrameReader, SYN, type Frame } from './yamux.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

describe('frames', () => {
  const wire = hex(
    '00 00 0001 00000003 00000002 6869' + '00 01 0002 00000003 00010000' + '00 02 0001 00000000 00000007',
  );

  test('are read in the same way at every split', () => {
    for (let split = 0; split <= wire.length; split++) {
      const reader = new FrameReader();
      const frames = [...reader.push(wire.subarray(0, split)), ...reader.push(wire.subarray(split))];
      expect(frames.map(describeFrame)).toEqual(['Data SYN 2 B', 'WindowUpdate ACK +65536', 'Ping SYN #7']);
      expect(Buffer.from(frames[0]?.payload ?? []).toString()).toBe('hi');
      expect(reader.pendingBytes).toBe(0);
    }
  });

  test('are written as the same bytes from which they were read', () => {
    const frames = [...new FrameReader().push(wire)];
    const again = frames.map((frame: Frame) => encodeFrame(frame));
    expect(Buffer.concat(again)).toEqual(Buffer.from(wire));
    expect(encodeFrame({ type: 'data', flags: SYN | ACK, id: 1 })[3]).toBe(3);
  });
});

describe('MessagePack', () => {
  test.each([
    ['c0', null],
    ['7f', 127],
    ['e0', -32],
    ['ccff', 255],
    ['d1ff7f', -129],
    ['cf001fffffffffffff', Number.MAX_SAFE_INTEGER],
    ['cfffffffffffffffff', 0xffff_ffff_ffff_ffffn],
    ['d38000000000000000', -0x8000_0000_0000_0000n],
    ['cb3ff8000000000000', 1.5],
    ['a568656c6c6f', 'hello'],
    ['c403010203', hex('010203')],
    ['93010203', [1, 2, 3]],
    ['c70105ff', new Extension(5, hex('ff'))],
  ])('%s is decoded and encoded as the specification says', (wire, value) => {
    expect([...new WireReader().push(hex(wire))]).toEqual([value]);
    expect(Buffer.from(encode(value)).toString('hex')).toBe(wire);
  });

  test.each<[unknown, Uint8Array[]]>([
    [7, integerForms(7)],
    ['text', textForms('text')],
    [hex('0102'), binForms(hex('0102'))],
    [[1, 'two'], arrayForms([1, 'two'])],
    [{ a: 1 }, mapForms([['a', 1]])],
    [new Extension(-1, hex('00000005')), extensionForms(-1, hex('00000005'))],
    [new Extension(80, hex('010203')), extensionForms(80, hex('010203'))],
  ])('each form of %j is decoded as this value', (value, forms) => {
    expect(new Set(forms.map(String)).size).toBe(forms.length);
    for (const form of forms) expect([...new WireReader().push(form)].map(normal)).toEqual([value]);
  });

  test('a byte that begins no value is malformed', () => {
    expect(() => [...new WireReader().push(hex('c1'))]).toThrow(MalformedError);
  });

  test('a long list in small pieces is decoded once, and not again with each piece', () => {
    // The wire has 200,000 timestamps, in pieces of 64 bytes. If each piece made the reader decode from the
    // beginning, this test would take minutes.
    const date = new Extension(-1, hex('00000005'));
    const wire = encode([0, 0, 'Plugin.args', [Array.from({ length: 200_000 }, () => date)]]);
    const reader = new WireReader();
    const values: unknown[] = [];
    for (let at = 0; at < wire.length; at += 64) values.push(...reader.push(wire.subarray(at, at + 64)));
    expect(values).toMatchObject([[0, 0, 'Plugin.args', { length: 1 }]]);
    expect(reader.pendingBytes).toBe(0);
  });

  test('an incomplete value is decoded as far as its bytes have arrived', () => {
    const wire = encode([1, 'some text', hex('0102030405'), { key: ['a', 'b'] }]);
    expect(decode(wire.subarray(0, 2))).toEqual([1, new CutOff(3)]);
    expect(decode(wire.subarray(0, 7))).toEqual([1, 'some…', new CutOff(2)]);
    expect(decode(wire.subarray(0, 16))).toEqual([
      1,
      'some text',
      new CutBytes(hex('0102'), 5),
      new CutOff(1),
    ]);
    expect(decode(wire.subarray(0, wire.length - 2))).toEqual([
      1,
      'some text',
      hex('0102030405'),
      { key: ['a', new CutOff(1)] },
    ]);
  });

  test('values of any size are decoded unchanged at any split', () => {
    const value = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.constant(null),
        fc.boolean(),
        fc.maxSafeInteger(),
        fc.double({ noNaN: true }).filter((n) => !Number.isSafeInteger(n)),
        fc.string({ unit: 'grapheme', maxLength: 300 }),
        fc.uint8Array({ maxLength: 300 }),
        fc.array(tie('value'), { maxLength: 20 }),
        fc.dictionary(
          fc.string().filter((key) => key !== '__proto__'),
          tie('value'),
          { maxKeys: 20 },
        ),
      ),
    })).value;
    fc.assert(
      fc.property(fc.array(value, { maxLength: 4 }), fc.nat(), (values, at) => {
        const wire = Buffer.concat(values.map(encode));
        const split = wire.length === 0 ? 0 : at % wire.length;
        const reader = new WireReader();
        const read = [...reader.push(wire.subarray(0, split)), ...reader.push(wire.subarray(split))];
        expect(read.map(normal)).toEqual(values.map(normal));
      }),
    );
  });
});

/**
 * Returns the value with plain objects, because objects without a prototype are not equal to plain objects.
 */
function normal(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(normal);
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, normal(item)]));
}
