import { expect, test } from 'vitest';
import { WriteTiming } from './write-timing.ts';

function makeTiming(): { timing: WriteTiming; flushes: () => number } {
  let flushes = 0;
  const timing = new WriteTiming(() => void (flushes += 1));
  return { timing, flushes: () => flushes };
}

const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

test('payload leaves at once, and what follows in the turn with its end', async () => {
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

test('a frame without payload leaves with the end of the turn', async () => {
  const { timing, flushes } = makeTiming();
  timing.onControl();
  timing.onControl();
  expect(flushes()).toBe(0);
  await nextTurn();
  expect(flushes()).toBe(1);
  await nextTurn();
  expect(flushes()).toBe(1);
});

test('payload behind such a frame still leaves at once', () => {
  const { timing, flushes } = makeTiming();
  timing.onControl();
  timing.onPayload();
  expect(flushes()).toBe(1);
});

test('after a turn with several writes the first of the next one waits, until a turn had only one', async () => {
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

test('nothing leaves while a read is dispatched, and everything when that ends', async () => {
  const { timing, flushes } = makeTiming();
  timing.beginDispatch();
  timing.onPayload();
  timing.onControl();
  timing.onPayload();
  expect(flushes()).toBe(0);
  timing.endDispatch();
  expect(flushes()).toBe(1);
  // No tick was due for it, and the dispatch was no turn with several writes.
  await nextTurn();
  expect(flushes()).toBe(1);
  timing.onPayload();
  expect(flushes()).toBe(2);
});
