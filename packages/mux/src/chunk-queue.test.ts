import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ChunkQueue } from './chunk-queue.ts';

/** Takes everything out. */
function drain(queue: ChunkQueue): Buffer {
  const chunks: Uint8Array[] = [];
  for (let chunk = queue.shift(); chunk !== undefined; chunk = queue.shift()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('a queue of chunks', () => {
  test('gives the bytes back in order, whatever went in and however it is taken out', () => {
    const step = fc.oneof(
      fc.record({ push: fc.uint8Array({ maxLength: 40 }) }),
      fc.record({ large: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ unshift: fc.uint8Array({ maxLength: 40 }) }),
      fc.record({ shift: fc.integer({ min: 1, max: 30_000 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const queue = new ChunkQueue();
        let model = Buffer.alloc(0);
        for (const action of steps) {
          if ('push' in action) {
            queue.push(action.push);
            model = Buffer.concat([model, action.push]);
          } else if ('large' in action) {
            const chunk = Buffer.alloc(16 * 1024 * action.large, action.large);
            queue.push(chunk);
            model = Buffer.concat([model, chunk]);
          } else if ('unshift' in action) {
            queue.unshift(action.unshift);
            model = Buffer.concat([action.unshift, model]);
          } else {
            const chunk = queue.shift(action.shift);
            expect(chunk?.length ?? 0).toBeLessThanOrEqual(action.shift);
            expect(model.subarray(0, chunk?.length ?? 0).equals(chunk ?? Buffer.alloc(0))).toBe(true);
            model = model.subarray(chunk?.length ?? 0);
          }
          expect(queue.length).toBe(model.length);
        }
        expect(drain(queue).equals(model)).toBe(true);
      }),
    );
  });

  test('keeps small chunks in shared blocks: a quarter of a million bytes one by one are a few chunks', () => {
    const queue = new ChunkQueue();
    for (let i = 0; i < 262_144; i += 1) queue.push(Uint8Array.of(i));
    expect(queue.length).toBe(262_144);
    expect(queue.chunkCount).toBeLessThan(30);
  });

  test('copies a small chunk, so that it pins no large buffer and may be reused', () => {
    const queue = new ChunkQueue();
    const chunk = Buffer.from('abc');
    queue.push(chunk);
    chunk.fill(0);
    expect(Buffer.from(queue.shift()!).toString()).toBe('abc');
  });

  test('keeps a large chunk by reference', () => {
    const queue = new ChunkQueue();
    const chunk = Buffer.alloc(16 * 1024);
    queue.push(chunk);
    expect(queue.shift()!.buffer).toBe(chunk.buffer);
  });

  test('does not change what it has handed out when more is added', () => {
    const queue = new ChunkQueue();
    queue.push(Buffer.from('first'));
    const taken = queue.shift(3)!;
    queue.push(Buffer.from('second'));
    expect(Buffer.from(taken).toString()).toBe('fir');
    expect(drain(queue).toString()).toBe('stsecond');
  });
});
