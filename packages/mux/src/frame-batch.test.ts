import { describe, expect, test } from 'vitest';
import { decodeFrames, FrameType, HEADER_BYTES, type Frame } from './frame.ts';
import { FrameBatch, MAX_FRAME } from './frame-batch.ts';

const KiB = 1024;

/**
 * Makes a batch. `told` lists the frames that the batch has reported. `take()` empties the batch and returns
 * its bytes. `frames()` also decodes these bytes into frames.
 */
function makeBatch(): { batch: FrameBatch; told: number[][]; frames: () => Frame[]; take: () => Buffer } {
  const told: number[][] = [];
  const batch = new FrameBatch((...frame) => void told.push(frame));
  const take = (): Buffer => {
    const { bytes } = batch;
    const whole = batch.takeWhole();
    const taken = Buffer.concat(whole === undefined ? batch.takeParts() : [whole]);
    expect([taken.length, batch.bytes]).toEqual([bytes, 0]);
    return taken;
  };
  const frames = (): Frame[] => {
    const { frames: decoded, rest } = decodeFrames(take());
    expect(rest).toHaveLength(0);
    return decoded;
  };
  return { batch, told, frames, take };
}

/** Returns bytes whose values depend on their position. */
function bytes(length: number, seed: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (i * 31 + seed) & 0xff));
}

describe('payload that is copied', () => {
  test.each([1, 63, 64, 65, 66, 1000])(
    'arrives complete from any place in its source: %i bytes',
    (length) => {
      const source = bytes(length + 7, 3);
      for (const [start, end] of [
        [0, length],
        [7, length + 7],
        [3, length + 3],
      ] as const) {
        const { batch, frames } = makeBatch();
        batch.copy(9, source, start, end);
        const [frame] = frames();
        expect(frame).toMatchObject({ type: FrameType.Data, flags: 0, streamId: 9, length });
        expect(Buffer.from(frame?.payload ?? []).equals(source.subarray(start, end))).toBe(true);
      }
    },
  );

  test('extends one frame of its stream, and the batch reports this frame exactly once, after complete()', () => {
    const { batch, told, frames } = makeBatch();
    const parts = [bytes(3, 1), bytes(100, 2), bytes(64, 3)];
    for (const part of parts) batch.copy(1, part, 0, part.length);
    expect(told).toEqual([]);
    expect(batch.bytes).toBe(HEADER_BYTES + 167);
    batch.complete();
    batch.complete();
    expect(told).toEqual([[FrameType.Data, 0, 1, 167]]);
    const [frame] = frames();
    expect(Buffer.from(frame?.payload ?? []).equals(Buffer.concat(parts))).toBe(true);
    expect(told).toHaveLength(1);
  });

  test('begins a new frame for another stream, after a frame without payload, and after a take', () => {
    const { batch, told, frames } = makeBatch();
    const one = bytes(1, 1);
    batch.copy(1, one, 0, 1);
    batch.copy(3, one, 0, 1);
    batch.copy(1, one, 0, 1);
    batch.control(FrameType.Ping, 2, 0, 77);
    batch.copy(1, one, 0, 1);
    expect(frames().map(({ streamId, length }) => [streamId, length])).toEqual([
      [1, 1],
      [3, 1],
      [1, 1],
      [0, 77],
      [1, 1],
    ]);
    batch.copy(1, one, 0, 1);
    expect(frames()).toHaveLength(1);
    expect(told).toHaveLength(6);
  });

  test('extends a frame to its maximum length and no further, wherever the block ends', () => {
    const { batch, told, frames } = makeBatch();
    const half = bytes(MAX_FRAME / 2, 5);
    for (let i = 0; i < 5; i += 1) batch.copy(1, half, 0, half.length);
    batch.copy(1, bytes(1, 0), 0, 1);
    const lengths = frames().map(({ length }) => length);
    expect(lengths.reduce((sum, length) => sum + length)).toBe(5 * half.length + 1);
    for (const length of lengths) expect(length).toBeLessThanOrEqual(MAX_FRAME);
    expect(told.map(([, , , length]) => length)).toEqual(lengths);
  });

  test('fills the block to its last byte', () => {
    const { batch, frames } = makeBatch();
    const first = bytes(32 * KiB, 1);
    const second = bytes(64 * KiB - HEADER_BYTES - first.length, 2);
    batch.copy(1, first, 0, first.length);
    batch.copy(1, second, 0, second.length);
    expect(frames().map(({ length }) => length)).toEqual([64 * KiB - HEADER_BYTES]);
    batch.copy(1, first, 0, 1);
    expect(frames().map(({ length }) => length)).toEqual([1]);
  });
});

describe('a batch', () => {
  test('is one piece if it fits into the block, even if it fills the block to the last byte', () => {
    const { batch } = makeBatch();
    const half = 32 * KiB;
    batch.copy(1, bytes(half, 1), 0, half);
    batch.copy(3, bytes(half, 2), 0, 64 * KiB - HEADER_BYTES - half - HEADER_BYTES);
    expect(batch.takeWhole()).toHaveLength(64 * KiB);
    batch.copy(1, bytes(half, 1), 0, half);
    batch.copy(1, bytes(half, 1), 0, 64 * KiB - HEADER_BYTES - half - HEADER_BYTES);
    batch.control(FrameType.Ping, 2, 0, 1);
    expect(batch.takeWhole()).toHaveLength(64 * KiB);
  });

  test('copies the beginning of a source that is larger than the block', () => {
    const { batch, frames } = makeBatch();
    const source = bytes(100 * KiB, 1);
    batch.copy(1, source, 0, 100);
    const [frame] = frames();
    expect(Buffer.from(frame?.payload ?? []).equals(source.subarray(0, 100))).toBe(true);
  });

  test('keeps frames in order when some payload is held by reference', () => {
    const { batch, told, take } = makeBatch();
    const large = bytes(20 * KiB, 7);
    batch.copy(1, bytes(5, 1), 0, 5);
    batch.reference(3, large);
    batch.control(FrameType.WindowUpdate, 1, 5, 9);
    expect(batch.takeWhole()).toBeUndefined();
    const { frames } = decodeFrames(take());
    expect(frames.map(({ streamId, length }) => [streamId, length])).toEqual([
      [1, 5],
      [3, large.length],
      [5, 9],
    ]);
    expect(Buffer.from(frames[1]?.payload ?? []).equals(large)).toBe(true);
    expect(told.map(([, , streamId]) => streamId)).toEqual([1, 3, 5]);
  });

  test('does not copy payload that it holds by reference', () => {
    const { batch } = makeBatch();
    const large = bytes(20 * KiB, 7);
    batch.reference(3, large);
    expect(batch.takeParts()[1]).toBe(large);
  });

  test('can hold any number of headers', () => {
    const { batch, frames } = makeBatch();
    const count = Math.ceil((64 * KiB) / HEADER_BYTES) + 10;
    for (let i = 0; i < count; i += 1) batch.control(FrameType.Ping, 2, 0, i);
    expect(frames().map(({ length }) => length)).toEqual(Array.from({ length: count }, (_, i) => i));
  });

  test('does not change taken bytes, unless the block is reused', () => {
    const { batch } = makeBatch();
    batch.control(FrameType.Ping, 2, 0, 1);
    const first = batch.takeWhole()!;
    const before = Buffer.from(first);
    batch.control(FrameType.Ping, 2, 0, 2);
    const second = batch.takeWhole()!;
    expect(before.equals(first)).toBe(true);
    expect(second.byteOffset).toBe(first.byteOffset + HEADER_BYTES);
    batch.reuseBlock();
    batch.control(FrameType.Ping, 2, 0, 3);
    expect(batch.takeWhole()!.byteOffset).toBe(first.byteOffset);
  });

  test('holds nothing after clear(), and can be filled again', () => {
    const { batch, told, frames } = makeBatch();
    batch.copy(1, bytes(5, 1), 0, 5);
    batch.reference(3, bytes(20 * KiB, 7));
    batch.copy(1, bytes(5, 1), 0, 5);
    batch.clear();
    expect([batch.bytes, batch.takeParts()]).toEqual([0, []]);
    batch.copy(1, bytes(2, 1), 0, 2);
    expect(frames().map(({ streamId, length }) => [streamId, length])).toEqual([[1, 2]]);
    expect(told.at(-1)).toEqual([FrameType.Data, 0, 1, 2]);
  });
});
