import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countFailure } from './intensity.ts';

describe('restart intensity', () => {
  test('allows atMost restarts within the window', () => {
    const limits = { atMost: 2, withinMs: 100 };
    const first = countFailure([], 0, limits);
    const second = countFailure(first.failures, 10, limits);
    const third = countFailure(second.failures, 99, limits);
    expect([first, second, third].map(({ mayRestart }) => mayRestart)).toEqual([true, true, false]);
  });

  test('forgets a failure once the window has passed', () => {
    const limits = { atMost: 1, withinMs: 100 };
    const first = countFailure([], 0, limits);
    expect(countFailure(first.failures, 100, limits)).toEqual({ failures: [100], mayRestart: true });
  });

  test('allows no restart if atMost is 0', () => {
    expect(countFailure([], 0, { atMost: 0, withinMs: 100 }).mayRestart).toBe(false);
  });

  test('never allows more than atMost restarts in any window', () => {
    fc.assert(
      fc.property(
        fc.record({ atMost: fc.integer({ min: 0, max: 6 }), withinMs: fc.integer({ min: 1, max: 1_000 }) }),
        fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 60 }),
        (limits, gaps) => {
          let now = 0;
          let failures: readonly number[] = [];
          const restarts: number[] = [];
          for (const gap of gaps) {
            now += gap;
            const counted = countFailure(failures, now, limits);
            ({ failures } = counted);
            if (!counted.mayRestart) break;
            restarts.push(now);
          }
          for (const from of restarts) {
            const inWindow = restarts.filter((at) => at >= from && at < from + limits.withinMs);
            expect(inWindow.length).toBeLessThanOrEqual(limits.atMost);
          }
        },
      ),
    );
  });
});
