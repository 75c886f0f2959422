import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Use } from './measure.ts';
import { lookMs, ResourceWatch } from './watch.ts';

describe('a watch', () => {
  let nowMs = 0;
  beforeEach(() => {
    nowMs = 0;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
    vi.spyOn(process, 'cpuUsage').mockImplementation((before = { user: 0, system: 0 }) => ({
      user: nowMs * 1_000 - before.user,
      system: 0,
    }));
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });
  const pass = (ms: number): void => {
    nowMs += ms;
    vi.advanceTimersByTime(ms);
  };
  /** Measures in `steps` steps, each of which uses `stepMs` milliseconds of processor time. */
  function* measuring(use: Partial<Use>, steps = 1, stepMs = 0): Generator<Use, Use> {
    const sums = { heldBytes: 0, cpuSeconds: 0, tasks: 1, ...use };
    for (let left = steps; ; left--) {
      nowMs += stepMs;
      if (left === 1) return sums;
      yield sums;
    }
  }

  test('counts the processor time that a process may have used since the last measurement', () => {
    const ended = (lateMs: number): ResourceWatch => {
      const watch = new ResourceWatch(
        () => measuring({ cpuSeconds: 22 }),
        () => false,
      );
      pass(lookMs);
      pass(lateMs);
      watch.stop();
      return watch;
    };
    expect(ended(lookMs / 2).mayHaveUsed(60)).toBe(false);
    expect(ended(lookMs / 2).mayHaveUsed(22)).toBe(true);
  });

  test('reports that the processor time may have been used up if the host was blocked', () => {
    const watch = new ResourceWatch(
      () => measuring({}),
      () => false,
    );
    nowMs = 60_000;
    watch.stop();
    expect([watch.mayHaveUsed(60), watch.mayHaveUsed(60_000)]).toEqual([true, false]);
  });

  test('judges by the largest measurement and the age of the last one whether the heap may have been full', () => {
    const MiB = 2 ** 20;
    const ended = (lateMs: number, ...bytes: number[]): ResourceWatch => {
      const watch = new ResourceWatch(
        () => measuring({ heldBytes: bytes.shift() ?? 0 }),
        () => false,
      );
      while (bytes.length > 0) pass(lookMs);
      nowMs += lateMs;
      watch.stop();
      return watch;
    };
    expect(ended(0, 60 * MiB, 250 * MiB, 0).mayHaveHeld(500 * MiB)).toBe(true);
    expect(ended(0, 60 * MiB).mayHaveHeld(500 * MiB)).toBe(false);
    expect(ended(300, 60 * MiB).mayHaveHeld(500 * MiB)).toBe(true);
  });

  test('measures a large tree in short turns, and uses 5 % of a processor', () => {
    const turns: { atMs: number; tookMs: number }[] = [];
    let begunMs = 0;
    const watch = new ResourceWatch(
      () => measuring({}, 1_000, 1),
      () => {
        turns.push({ atMs: begunMs, tookMs: nowMs - begunMs });
        return false;
      },
    );
    while (turns.length < 200) {
      begunMs = nowMs;
      pass(1);
    }
    watch.stop();
    expect(Math.max(...turns.map(({ tookMs }) => tookMs))).toBeLessThanOrEqual(6);
    expect(turns.reduce((sum, { tookMs }) => sum + tookMs, 0) / nowMs).toBeLessThan(0.06);
  });

  test('rests longer after a step that took long', () => {
    const begun: number[] = [];
    const watch = new ResourceWatch(
      () => {
        begun.push(nowMs);
        return measuring({}, 1, 50);
      },
      () => false,
    );
    while (begun.length < 3) pass(1);
    watch.stop();
    const [, second = 0, third = 0] = begun;
    expect(third - second).toBeGreaterThanOrEqual(1_000);
  });

  test('stops in the middle of a measurement if the part that was measured exceeds the limit', () => {
    let [steps, isClosed] = [0, false];
    function* endless(): Generator<Use, Use> {
      try {
        for (;;) {
          nowMs += 1;
          yield { heldBytes: (steps += 1), cpuSeconds: 0, tasks: 1 };
        }
      } finally {
        isClosed = true;
      }
    }
    new ResourceWatch(endless, ({ heldBytes }) => heldBytes > 3);
    pass(lookMs);
    const seen = steps;
    expect([seen < 10, isClosed]).toEqual([true, true]);
    pass(10 * lookMs);
    expect(steps).toBe(seen);
  });
});
