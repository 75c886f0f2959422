import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DeadlineQueue } from './deadline-queue.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('expires each item once its time has passed, in the order they began', () => {
  const expired: string[] = [];
  const queue = new DeadlineQueue<string>(100, (item) => expired.push(item));
  queue.add('first');
  vi.advanceTimersByTime(60);
  queue.add('second');
  queue.add('in time');
  expect(queue.delete('in time')).toBe(true);
  vi.advanceTimersByTime(40);
  expect(expired).toEqual(['first']);
  vi.advanceTimersByTime(60);
  expect(expired).toEqual(['first', 'second']);
  expect(vi.getTimerCount()).toBe(0);
});

test('needs one timer, also for items that begin anew whenever they expire', () => {
  const expired: string[] = [];
  const queue = new DeadlineQueue<string>(100, (item) => {
    expired.push(item);
    queue.add(item);
  });
  queue.add('long');
  vi.advanceTimersByTime(30);
  queue.add('later');
  for (let round = 1; round <= 5; round += 1) {
    vi.advanceTimersByTime(100);
    expect(expired).toHaveLength(2 * round);
    expect(vi.getTimerCount()).toBe(1);
  }
});
