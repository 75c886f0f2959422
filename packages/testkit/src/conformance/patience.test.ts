import { expect, onTestFinished, test } from 'vitest';
import { realNow, realSleep } from '../real-time.ts';
import { limitStretch, withPatience } from './patience.ts';

const late = (waited: string): Error => new Error(`nothing came ${waited}`);
const never = new Promise<never>(() => {});

/** Blocks the event loop, as happens to a process that gets no core. */
function standStill(ms: number): void {
  for (const began = realNow(); realNow() - began < ms;);
}

test('withPatience() settles in the same way as the promise', async () => {
  expect(await withPatience(Promise.resolve(1), 60_000, late)).toBe(1);
  await expect(withPatience(Promise.reject(new Error('broken')), 60_000, late)).rejects.toThrow('broken');
});

test('withPatience() rejects if the promise never settles, and says how long it waited and how busy the machine was', async () => {
  const began = realNow();
  await expect(withPatience(never, 100, late)).rejects.toThrow(
    /^nothing came in \d{3,} ms, while \d+\.\d threads wanted to run on \d+ cores and timers took \d+\.\d times their time$/,
  );
  expect(realNow() - began).toBeGreaterThan(99);
});

test('withPatience() waits longer than its time limit if the process had no core in that time', async () => {
  const slow = realSleep(100).then(() => realSleep(60));
  const answer = withPatience(
    slow.then(() => 'late'),
    100,
    late,
  );
  standStill(400);
  expect(await answer).toBe('late');
});

test('hundreds of calls of withPatience() share one measurement', async () => {
  const waits = Array.from({ length: 500 }, () => withPatience(never, 100, late));
  const outcomes = await Promise.allSettled(waits);
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toEqual([]);
});

test('withPatience() stops waiting at the limit that limitStretch() has set', async () => {
  onTestFinished(limitStretch(1));
  const answer = withPatience(
    realSleep(100).then(() => realSleep(60)),
    100,
    late,
  );
  standStill(400);
  await expect(answer).rejects.toThrow('nothing came');
});
