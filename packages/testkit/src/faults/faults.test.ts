import { buffer } from 'node:stream/consumers';
import { once } from 'node:events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BytePipe } from '../memory/byte-pipe.ts';
import { encodeFrame, FrameReader } from '../wire/yamux.ts';
import { chain, type Fault, type FaultEvent } from './fault.ts';
import { faults } from './index.ts';

const bytes = (...values: number[]) => Uint8Array.from(values);

/** Returns the events that a fault makes of these chunks. Neighbouring events with bytes are not joined. */
function events(fault: Fault, ...chunks: Uint8Array[]): FaultEvent[] {
  const step = chain([fault]);
  return [...chunks.flatMap((chunk) => [...step.push(chunk)]), ...(step.end?.() ?? [])];
}
const wholeOf = (list: FaultEvent[]) =>
  Buffer.concat(list.flatMap((event) => ('bytes' in event ? [event.bytes] : [])));

describe('faults', () => {
  test('random chunks keep every byte in order, and the same seed makes the same chunks', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 200 })),
        fc.nat(),
        fc.integer({ min: 1, max: 100 }),
        (chunks, seed, max) => {
          const list = events(faults.chunks({ seed, max }), ...chunks);
          expect(wholeOf(list)).toEqual(Buffer.concat(chunks));
          expect(events(faults.chunks({ seed, max }), ...chunks)).toEqual(list);
          for (const event of list) expect('bytes' in event && event.bytes.length <= max).toBe(true);
        },
      ),
    );
  });

  test('a cut lets exactly `after` bytes through, wherever chunks end', () => {
    for (let after = 0; after <= 6; after++) {
      const list = events(faults.cut({ after }), bytes(1, 2, 3), bytes(4, 5), bytes(6, 7));
      expect([...wholeOf(list)]).toEqual([1, 2, 3, 4, 5, 6, 7].slice(0, after));
      expect(list.at(-1)).toEqual({ end: 'eof' });
    }
  });

  test('a stall loses no bytes', () => {
    expect(events(faults.stall({ after: 2 }), bytes(1, 2, 3), bytes(4))).toEqual([
      { bytes: bytes(1, 2) },
      { stall: true },
      { bytes: bytes(3) },
      { bytes: bytes(4) },
    ]);
  });

  test('a corruption changes one byte, and leaves the others as they are', () => {
    expect([...wholeOf(events(faults.corrupt({ at: 3, mask: 1 }), bytes(0, 0), bytes(0, 0, 0)))]).toEqual([
      0, 0, 0, 1, 0,
    ]);
  });

  test('a truncation cuts the last frame in half, and lets the handshake line pass', () => {
    const line = Buffer.from('1|pipe|3,4\n');
    const frames = [1, 2, 3].map((id) => encodeFrame({ type: 'data', id, payload: bytes(1, 2, 3, 4) }));
    const list = events(faults.truncate({ after: 20 }), Buffer.concat([line, ...frames]));
    expect(wholeOf(list)).toEqual(
      Buffer.concat([line, frames[0] ?? bytes(), (frames[1] ?? bytes()).subarray(0, 8)]),
    );
    expect(list.at(-1)).toEqual({ end: 'eof' });
  });

  test('narrow windows hold back a fixed number of bytes of credit for each stream', () => {
    const frames = [1000, 261_000, 50, 7].map((length) =>
      encodeFrame({ type: 'window-update', id: 1, length }),
    );
    const list = events(faults.narrowWindows({ bytes: 100 }), Buffer.concat(frames));
    const granted = [...new FrameReader().push(wholeOf(list))].map(({ length }) => length);
    // In total, 262,144 - 100 bytes of credit are held back.
    expect(granted).toEqual([6, 7]);
  });

  test('each fault of a chain receives the bytes that the fault before it lets through', () => {
    const step = chain([faults.cut({ after: 3 }), faults.everyByte()]);
    expect([...step.push(bytes(1, 2, 3, 4))]).toEqual([
      { bytes: bytes(1) },
      { bytes: bytes(2) },
      { bytes: bytes(3) },
      { end: 'eof' },
    ]);
  });

  test.each([
    [() => faults.chunks({ max: 0 }), 'faults.chunks({ max }): expected a whole number of at least 1; got 0'],
    [() => faults.cut({ after: -1 }), 'faults.cut({ after }): expected a whole number of at least 0; got -1'],
    [() => faults.delay(1.5), 'faults.delay: min: expected a whole number of at least 0; got 1.5'],
  ])('a fault with an invalid number is refused when it is made', (make, message) => {
    expect(make).toThrow(message);
  });
});

describe('a pipe in memory', () => {
  test('carries bytes in order, and ends when its writer ends', async () => {
    const pipe = new BytePipe({ faults: [faults.chunks({ seed: 1, max: 7 })] });
    const sent = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i & 255));
    pipe.writable.end(sent);
    expect((await buffer(pipe.readable)).equals(sent)).toBe(true);
  });

  test('makes its writer wait while it is full', async () => {
    const pipe = new BytePipe({ capacity: 1000 });
    pipe.writable.write(Buffer.alloc(1000));
    const second = new Promise((resolve) => pipe.writable.write(Buffer.alloc(100_000), resolve));
    expect(pipe.writable.writableNeedDrain || pipe.writable.writableLength > 0).toBe(true);
    pipe.readable.resume();
    await second;
    expect(pipe.heldBytes).toBeLessThanOrEqual(1000);
  });

  test('copies the written bytes', async () => {
    const pipe = new BytePipe();
    const chunk = Buffer.from('before');
    pipe.writable.write(chunk);
    chunk.write('after!');
    pipe.writable.end();
    expect(String(await buffer(pipe.readable))).toBe('before');
  });

  test('gives its reader the end of file or a broken pipe when the pipe is severed', async () => {
    const closed = new BytePipe();
    closed.writable.write('lost');
    closed.sever('eof');
    expect(String(await buffer(closed.readable))).toBe('');
    const broken = new BytePipe();
    const failed = once(broken.readable, 'error');
    broken.sever('error');
    expect(await failed).toMatchObject([{ code: 'ECONNRESET' }]);
  });

  test('gives its writer the error EPIPE when its reader closes', async () => {
    const pipe = new BytePipe();
    const failed = once(pipe.writable, 'error');
    pipe.readable.destroy();
    expect(await failed).toMatchObject([{ code: 'EPIPE' }]);
  });

  test('holds all bytes back while it is stalled', async () => {
    const pipe = new BytePipe();
    const resume = pipe.stall();
    const whole = buffer(pipe.readable);
    pipe.writable.end('patience');
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    expect(pipe.heldBytes).toBe(8);
    resume();
    expect(String(await whole)).toBe('patience');
  });
});
