import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { catchUp, type Backlog } from './turn-budget.ts';

test('all backlogs together get at most 5 ms of one turn of the event loop', async () => {
  let done = 0;
  const backlog = (pieces: number): Backlog => ({
    workOn() {
      // Takes a millisecond by the clock, also on a busy machine.
      for (const began = performance.now(); performance.now() - began < 1;);
      done += 1;
      return --pieces > 0;
    },
  });
  await nextTurn();
  for (let n = 0; n < 3; n++) catchUp(backlog(10));
  const ofTurns = [done];
  for (let before = done; done < 30; before = done) {
    await nextTurn();
    ofTurns.push(done - before);
  }
  expect(Math.max(...ofTurns)).toBeLessThanOrEqual(5);
});
