// Checks that the test tools themselves follow the specification. A fuzzer that cannot speak the protocol
// finds nothing.
import { describe, expect, test } from 'vitest';
import { ACK, DATA, FrameReader, SYN, data, frame, ping, windowUpdate } from '../lib/frames.mjs';
import { hostileMessage, mutateMessage } from '../lib/hostile-values.mjs';
import { decode, encode, spans } from '../lib/msgpack.mjs';
import { randomOf } from '../lib/random.mjs';

/** Returns a frame in hex: version and type, flags, id, length, payload. */
const fields = (bytes) =>
  [[0, 2], [2, 4], [4, 8], [8, 12], [12]]
    .map(([from, to]) => bytes.subarray(from, to).toString('hex'))
    .join(' ')
    .trim();

describe('frames', () => {
  test('have a header of twelve bytes, big endian, before the payload', () => {
    expect(fields(data(1, 'hi', SYN))).toBe('0000 0001 00000001 00000002 6869');
    expect(fields(windowUpdate(3, 262_144, ACK))).toBe('0001 0002 00000003 00040000');
    expect(fields(ping(7))).toBe('0002 0001 00000000 00000007');
  });

  test('are read back however the bytes are split', () => {
    const bytes = Buffer.concat([data(1, 'hello', SYN), ping(9), data(5, Buffer.alloc(300, 7))]);
    const read = (step) => {
      const frames = [];
      const reader = new FrameReader(({ type, id, length, payload }) =>
        frames.push([type, id, length, payload.length]),
      );
      for (let at = 0; at < bytes.length; at += step) reader.push(bytes.subarray(at, at + step));
      return frames;
    };
    for (const step of [1, 5, 11, 12, 13, 1_000]) {
      expect(read(step)).toEqual([
        [DATA, 1, 5, 5],
        [2, 0, 9, 0],
        [DATA, 5, 300, 300],
      ]);
    }
    expect(frame({ version: 257 })[0]).toBe(1);
  });
});

describe('MessagePack', () => {
  const message = [0, 7, 'Plugin.echo', [1.5, null, true, 'x'.repeat(40), [300, [2 ** 31]]]];

  test('is read back as it was written', () => {
    expect(decode(encode(message))).toEqual({ value: message, end: encode(message).length });
    expect(decode(encode({ a: 1 })).value).toEqual(new Map([['a', 1]]));
    expect(decode(encode(message).subarray(0, 20))).toBeUndefined();
  });

  test('spans() lists each value once, outer values before inner ones', () => {
    const bytes = encode(message);
    const found = spans(bytes);
    expect(found).toHaveLength(13);
    expect(found[0]).toEqual({ start: 0, end: bytes.length, head: 1 });
    for (const { start, end } of found) expect(decode(bytes.subarray(start, end)).end).toBe(end - start);
    expect(spans(bytes.subarray(0, 20))).toEqual([]);
  });
});

test('the same seed makes the same random messages', () => {
  const run = (seed) => {
    const random = randomOf(seed);
    const made = Array.from({ length: 200 }, () => mutateMessage(random, hostileMessage(random)));
    return Buffer.concat(made.map((bytes) => bytes.subarray(0, 64))).toString('hex');
  };
  expect(run(1)).toBe(run(1));
  expect(run(1)).not.toBe(run(2));
});
