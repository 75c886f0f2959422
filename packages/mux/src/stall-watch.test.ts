import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { StallWatch } from './stall-watch.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a watch reports a transport that remains blocked, but not a transport that drains in time', () => {
  let stalls = 0;
  const watch = new StallWatch(100, () => void (stalls += 1), globalThis);
  for (let round = 0; round < 5; round += 1) {
    watch.set(true);
    expect(watch.isBlocked).toBe(true);
    vi.advanceTimersByTime(90);
    watch.set(false);
    watch.set(false);
    expect(watch.isBlocked).toBe(false);
  }
  vi.advanceTimersByTime(1_000);
  expect(stalls).toBe(0);
  watch.set(true);
  vi.advanceTimersByTime(110);
  expect(stalls).toBe(1);
});

test('a watch reports nothing after stop()', () => {
  const watch = new StallWatch(100, () => expect.unreachable(), globalThis);
  watch.set(true);
  watch.stop();
  expect([watch.isBlocked, vi.getTimerCount()]).toEqual([false, 0]);
});

test('a watch with a timeout of 0 knows whether the transport is blocked, but needs no timer', () => {
  const watch = new StallWatch(0, () => expect.unreachable(), globalThis);
  watch.set(true);
  expect([watch.isBlocked, vi.getTimerCount()]).toEqual([true, 0]);
  watch.set(false);
  watch.stop();
  expect(watch.isBlocked).toBe(false);
});
