import { expect, test } from 'vitest';
import { WriteTiming } from './write-timing.ts';

function makeTiming(): { timing: WriteTiming; flushes: () => number } {
  let flushes = 0;
  const timing = new WriteTiming(() => void (flushes += 1));
  return { timing, flushes: () => flushes };
}

const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

test('the first payload of a turn is sent immediately, and the rest at the end of the turn', async () => {
  const { timing, flushes } = makeTiming();
  timing.onPayload();
  expect(flushes()).toBe(1);
  timing.onPayload();
  timing.onControl();
  timing.onPayload();
  expect(flushes()).toBe(1);
  await nextTurn();
  expect(flushes()).toBe(2);
});

test('a frame without payload is sent at the end of the turn', async () => {
  const { timing, flushes } = makeTiming();
  timing.onControl();
  timing.onControl();
  expect(flushes()).toBe(0);
  await nextTurn();
  expect(flushes()).toBe(1);
  await nextTurn();
  expect(flushes()).toBe(1);
});

test('the first payload of a turn is sent immediately, even after a frame without payload', () => {
  const { timing, flushes } = makeTiming();
  timing.onControl();
  timing.onPayload();
  expect(flushes()).toBe(1);
});

test('after a turn with several writes, the first write of each turn waits, until a turn has only one write', async () => {
  const { timing, flushes } = makeTiming();
  timing.onPayload();
  timing.onPayload();
  await nextTurn();
  expect(flushes()).toBe(2);
  timing.onPayload();
  expect(flushes()).toBe(2);
  await nextTurn();
  expect(flushes()).toBe(3);
  timing.onPayload();
  expect(flushes()).toBe(4);
});

test('nothing is sent while a read is dispatched, and everything is sent when the dispatch ends', async () => {
  const { timing, flushes } = makeTiming();
  timing.beginDispatch();
  timing.onPayload();
  timing.onControl();
  timing.onPayload();
  expect(flushes()).toBe(0);
  timing.endDispatch();
  expect(flushes()).toBe(1);
  // After the dispatch no tick is scheduled, and the dispatch did not count as a turn with several writes.
  await nextTurn();
  expect(flushes()).toBe(1);
  timing.onPayload();
  expect(flushes()).toBe(2);
});
