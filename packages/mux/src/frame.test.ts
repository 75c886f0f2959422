import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeFrames,
  decodeHeader,
  describeFrame,
  encodeFrame,
  Flag,
  FrameType,
  GoAwayCode,
  HEADER_BYTES,
} from './frame.ts';

describe('constants', () => {
  test('are those of the specification', () => {
    expect(HEADER_BYTES).toBe(12);
    expect(FrameType).toEqual({ Data: 0, WindowUpdate: 1, Ping: 2, GoAway: 3 });
    expect(Flag).toEqual({ SYN: 1, ACK: 2, FIN: 4, RST: 8 });
    expect(GoAwayCode).toEqual({ Normal: 0, ProtocolError: 1, InternalError: 2 });
  });
});

describe('a header', () => {
  test('survives encoding and decoding, whatever its fields', () => {
    const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
    const header = fc.record({
      version: fc.integer({ min: 0, max: 255 }),
      type: fc.integer({ min: 0, max: 255 }),
      flags: fc.integer({ min: 0, max: 0xffff }),
      streamId: u32,
      length: u32,
    });
    fc.assert(
      fc.property(header, (fields) => {
        expect(decodeHeader(encodeFrame(fields))).toEqual(fields);
      }),
    );
  });

  test('is refused if fewer than twelve bytes are there', () => {
    expect(() => decodeHeader(new Uint8Array(11))).toThrow('a yamux header must have 12 bytes; got 11');
  });
});

test('frames are decoded one after another, and the remaining bytes are returned', () => {
  const bytes = Buffer.concat([
    encodeFrame({ streamId: 1, payload: Buffer.from('hello') }),
    encodeFrame({ type: FrameType.Ping, flags: Flag.SYN, length: 1000 }),
    encodeFrame({ streamId: 3, length: 10, payload: Buffer.from('half') }),
  ]);
  const { frames, rest } = decodeFrames(bytes);
  expect(frames.map((frame) => describeFrame(frame))).toEqual(['Data 5', 'Ping SYN 1000']);
  expect(Buffer.from(frames[0]?.payload ?? []).toString()).toBe('hello');
  expect(rest.length).toBe(HEADER_BYTES + 4);
});

describe('a description', () => {
  test.each([
    [{ type: 1, flags: 2, streamId: 5, length: 262_144 }, 'WindowUpdate ACK +262144'],
    [{ type: 1, flags: 4, streamId: 5, length: 0 }, 'WindowUpdate FIN'],
    [{ type: 0, flags: 5, streamId: 5, length: 12 }, 'Data SYN|FIN 12'],
    [{ type: 2, flags: 1, streamId: 0, length: 7 }, 'Ping SYN 7'],
    [{ type: 3, flags: 0, streamId: 0, length: 1 }, 'GoAway protocol error'],
    [{ type: 3, flags: 0, streamId: 0, length: 9 }, 'GoAway unknown reason 9'],
    [{ type: 9, flags: 0x30, streamId: 0, length: 0 }, 'Type(9) 0x30 0'],
  ])('of %o reads %s', (header, text) => {
    expect(describeFrame(header)).toBe(text);
  });
});
