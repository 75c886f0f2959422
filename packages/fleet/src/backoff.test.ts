import { describe, expect, test } from 'vitest';
import { backoffDelay } from './backoff.ts';

const limits = { initialDelayMs: 100, maxDelayMs: 1_000 };

describe('the delay before a restart', () => {
  test('doubles with each attempt', () => {
    expect([0, 1, 2, 3].map((attempt) => backoffDelay(attempt, limits, 1))).toEqual([100, 200, 400, 800]);
  });

  test('is never above maxDelayMs, even after many attempts', () => {
    expect([4, 10, 1_100].map((attempt) => backoffDelay(attempt, limits, 1))).toEqual([1_000, 1_000, 1_000]);
  });

  test('has a random part even if its maximum is maxDelayMs', () => {
    expect(backoffDelay(50, limits, 0)).toBe(500);
    expect(backoffDelay(50, limits, 0.5)).toBe(750);
  });

  test('is at least half of its maximum', () => {
    expect(backoffDelay(0, limits, 0)).toBe(50);
  });
});
