import { AsyncLocalStorage } from 'node:async_hooks';
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

test('a backlog that waits for a further turn runs in the async context in which it was added', async () => {
  const store = new AsyncLocalStorage<string>();
  const seen: string[] = [];
  const add = (name: string): Promise<void> =>
    new Promise((resolve) => {
      store.run(name, () =>
        catchUp({
          workOn() {
            for (const began = performance.now(); performance.now() - began < 10;);
            seen.push(`${name} ${store.getStore() ?? 'none'}`);
            const isDone = seen.filter((text) => text.startsWith(name)).length === 2;
            if (isDone) resolve();
            return !isDone;
          },
        }),
      );
    });
  await Promise.all([add('a'), add('b')]);
  expect(new Set(seen)).toEqual(new Set(['a a', 'b b']));
});
