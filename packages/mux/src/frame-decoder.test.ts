import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeFrame, type Frame } from './frame.ts';
import { FrameDecoder } from './frame-decoder.ts';

/** Decodes chunks into whole frames. */
function decode(chunks: Uint8Array[]): { frames: Frame[]; decoder: FrameDecoder } {
  const frames: Frame[] = [];
  const decoder = new FrameDecoder({
    onHeader: (header) => void frames.push({ ...header, payload: new Uint8Array(0) }),
    onPayload: (chunk, start, end, isLast) => {
      const frame = frames.at(-1)!;
      frame.payload = Buffer.concat([frame.payload!, chunk.subarray(start, end)]);
      expect(isLast).toBe(frame.payload.length === frame.length);
    },
  });
  for (const chunk of chunks) decoder.push(chunk);
  return { frames, decoder };
}

const whole = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
const sample = Buffer.concat([
  encodeFrame({ type: 0, flags: 1, streamId: 1, payload: whole(Buffer.from('hello')) }),
  encodeFrame({ type: 1, flags: 2, streamId: 1, length: 0xffff_ffff }),
  encodeFrame({ type: 0, streamId: 0xffff_fffd, payload: new Uint8Array(0) }),
  encodeFrame({ type: 0, streamId: 3, payload: new Uint8Array(40).fill(9) }),
  encodeFrame({ type: 2, flags: 1, length: 77 }),
]);
const expected = decode([sample]).frames;

describe('decoding', () => {
  test('finds all frames of one chunk', () => {
    expect(expected.map(({ type, length }) => [type, length])).toEqual([
      [0, 5],
      [1, 0xffff_ffff],
      [0, 0],
      [0, 40],
      [2, 77],
    ]);
    expect(Buffer.from(expected[0]?.payload ?? []).toString()).toBe('hello');
  });

  test('finds the same frames wherever the bytes are cut in two', () => {
    for (let cut = 0; cut <= sample.length; cut += 1) {
      expect(decode([sample.subarray(0, cut), sample.subarray(cut)]).frames).toEqual(expected);
    }
  });

  test('finds the same frames byte by byte', () => {
    expect(decode([...sample].map((byte) => Uint8Array.of(byte))).frames).toEqual(expected);
  });

  test('finds the same frames in any chunks', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(sample.length), { maxLength: 12 }), (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), sample.length];
        const chunks = at.slice(1).map((end, i) => sample.subarray(at[i], end));
        expect(decode(chunks).frames).toEqual(expected);
      }),
    );
  });

  test('accepts any bytes, in any chunks, and counts each byte once', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), (chunks) => {
        const headers: number[] = [];
        let payload = 0;
        const decoder = new FrameDecoder({
          onHeader: ({ type, length }) => void headers.push(type === 0 ? length : 0),
          onPayload: (_chunk, start, end) => void (payload += end - start),
        });
        for (const chunk of chunks) decoder.push(chunk);
        const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
        const declared = headers.reduce((sum, length) => sum + length, 0);
        const behind = total - headers.length * 12 - payload;
        // Each byte belongs to a header, to a payload, or to a header that is not complete yet.
        expect(behind).toBeGreaterThanOrEqual(0);
        expect(behind).toBeLessThan(12);
        expect(payload).toBeLessThanOrEqual(declared);
        expect(decoder.isAtBoundary).toBe(behind === 0 && payload === declared);
      }),
    );
  });

  test('passes payload on as it arrives, without a copy', () => {
    const parts: unknown[][] = [];
    const decoder = new FrameDecoder({
      onHeader: () => {},
      onPayload: (...part) => void parts.push(part),
    });
    const chunk = encodeFrame({ type: 0, streamId: 1, length: 0xffff_ffff, payload: new Uint8Array(100) });
    decoder.push(chunk);
    expect(parts).toEqual([[chunk, 12, 112, false]]);
    expect(parts[0]?.[0]).toBe(chunk);
    expect(decoder.missing).toBe(`${0xffff_ffff - 100} bytes of payload`);
  });

  test('says which part of a header is missing', () => {
    expect(decode([sample.subarray(0, 5)]).decoder.missing).toBe('7 bytes of a header');
  });

  test('decodes the rest of the current chunk first if the sink calls push() with another chunk', () => {
    const seen: number[] = [];
    let isNested = false;
    const decoder: FrameDecoder = new FrameDecoder({
      onHeader: ({ type, length }) => void seen.push(type, length),
      onPayload: (_chunk, start, end) => {
        seen.push(end - start);
        if (isNested) return;
        isNested = true;
        decoder.push(encodeFrame({ type: 2, length: 99 }));
      },
    });
    decoder.push(sample);
    expect(seen).toEqual([0, 5, 5, 1, 0xffff_ffff, 0, 0, 0, 40, 40, 2, 77, 2, 99]);
    expect(decoder.isAtBoundary).toBe(true);
  });

  test('decodes nothing more after the sink has called stop()', () => {
    let headers = 0;
    const decoder: FrameDecoder = new FrameDecoder({
      onHeader: () => {
        headers += 1;
        decoder.stop();
      },
      onPayload: () => expect.unreachable(),
    });
    decoder.push(sample);
    decoder.push(sample);
    expect(headers).toBe(1);
  });
});
