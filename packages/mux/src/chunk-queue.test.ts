import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
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
  test('copies the given range of a source, even into several blocks', () => {
    const source = Buffer.from(Array.from({ length: 5000 }, (_, i) => i & 0xff));
    const queue = new ChunkQueue();
    queue.pushCopy(source, 100, 1100);
    queue.pushCopy(source, 1100, 1200);
    queue.pushCopy(source, 4000, 5000);
    expect(queue.length).toBe(2100);
    expect(drain(queue).equals(Buffer.concat([source.subarray(100, 1200), source.subarray(4000)]))).toBe(
      true,
    );
  });

  test('allocates only a small block if it gets only a few bytes', () => {
    const queue = new ChunkQueue();
    queue.push(Buffer.from('few'));
    expect(queue.shift()?.buffer.byteLength).toBe(1024);
  });

  test('adds nothing to its list for an empty chunk', () => {
    const queue = new ChunkQueue();
    for (const add of [queue.push, queue.pushReference, queue.unshift]) add.call(queue, new Uint8Array(0));
    expect([queue.chunkCount, queue.shift()]).toEqual([0, undefined]);
    queue.push(Buffer.from('abc'));
    queue.unshift(Buffer.from('<'));
    expect(queue.chunkCount).toBe(2);
    expect(queue.shift(1)).toHaveLength(1);
    expect(queue.chunkCount).toBe(1);
    expect(queue.shift(3)).toHaveLength(3);
    expect([queue.chunkCount, queue.length]).toEqual([0, 0]);
  });

  test('is empty after clear(), and can be filled again', () => {
    const queue = new ChunkQueue();
    queue.push(Buffer.from('before'));
    queue.clear();
    expect([queue.length, queue.chunkCount, queue.shift()]).toEqual([0, 0, undefined]);
    queue.push(Buffer.from('behind'));
    expect(drain(queue).toString()).toBe('behind');
  });

  test('returns the bytes in order, however they are added and taken', () => {
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

  test('needs only a few shared blocks for 262,144 bytes that were added one by one', () => {
    const queue = new ChunkQueue();
    for (let i = 0; i < 262_144; i += 1) queue.push(Uint8Array.of(i));
    expect(queue.length).toBe(262_144);
    expect(queue.chunkCount).toBeLessThan(30);
  });

  test('copies a small chunk, so that its large buffer can be freed and reused', () => {
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

  test('leaves a returned chunk unchanged when more bytes are added', () => {
    const queue = new ChunkQueue();
    queue.push(Buffer.from('first'));
    const taken = queue.shift(3)!;
    queue.push(Buffer.from('second'));
    expect(Buffer.from(taken).toString()).toBe('fir');
    expect(drain(queue).toString()).toBe('stsecond');
  });
});

test('a queue keeps no reference to a taken chunk, even if the queue is never empty', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const queue = new ChunkQueue();
  const taken: WeakRef<ArrayBufferLike>[] = [];
  queue.push(new Uint8Array(65_536));
  for (let n = 0; n < 100; n += 1) {
    queue.push(new Uint8Array(65_536));
    taken.push(new WeakRef(queue.shift()!.buffer));
  }
  // A WeakRef keeps its target alive until the end of the turn in which it was made.
  await new Promise(setImmediate);
  collect();
  expect(taken.filter((chunk) => chunk.deref() !== undefined)).toEqual([]);
  expect(queue.length).toBe(65_536);
});
