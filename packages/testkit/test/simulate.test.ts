import { expect, test } from 'vitest';
import { simulate, SimulationError, type Plugins } from '@pipework/testkit';

interface Counter {
  add(n: number): Promise<number>;
}

/**
 * Makes a counter that loses an update if two calls overlap, because each call reads the count, waits, and
 * then writes the sum.
 */
const racy = (): Plugins<{ counter: Counter }> => {
  let total = 0;
  return {
    counter: () => ({
      add: async (n) => {
        const before = total;
        for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
        total = before + n;
        return total;
      },
    }),
  };
};

async function scenario({ connect, choose }: Parameters<Parameters<typeof simulate>[0]>[0]): Promise<void> {
  await using pair = await connect(racy());
  const counter = await pair.rpc.dispense('counter');
  const first = counter.add(1);
  if (choose(4) !== 3) await first;
  const second = await counter.add(1);
  expect(second).toBe(2);
}

test('simulate() finds a failing schedule, shrinks it, and repeats it', async () => {
  const failure: unknown = await simulate(scenario, { seed: 1, runs: 50 }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(SimulationError);
  if (!(failure instanceof SimulationError)) return;
  expect(failure.message).toMatch(/^the scenario fails in run \d+ \(seed \d+\): /);
  expect(failure.message).toContain(`simulate(scenario, { schedule: [${failure.schedule.join(', ')}] })`);
  expect(failure.message).toContain('Plugin.add(1)');
  // Only one choice matters. Shrinking has made every other choice 0, the simplest choice.
  expect(failure.schedule.filter((choice) => choice !== 0)).toEqual([3]);
  await expect(simulate(scenario, { schedule: failure.schedule })).rejects.toThrow(SimulationError);
});

test('simulate() makes the same runs for the same seed', async () => {
  const runs = async (): Promise<string[]> => {
    const seen: string[] = [];
    await simulate(
      async ({ connect, choose }) => {
        await using pair = await connect(racy());
        const counter = await pair.rpc.dispense('counter');
        await counter.add(choose(1000));
        seen.push(pair.transcript().replaceAll(/^ *[\d.]+ ms/gm, ''));
      },
      { seed: 5, runs: 5 },
    );
    return seen;
  };
  expect(await runs()).toEqual(await runs());
});

test('simulate() reports a scenario that never ends', async () => {
  const stuck = simulate(() => new Promise(() => {}), { seed: 1, runs: 1, stuckAfterMs: 20, shrinkRuns: 1 });
  await expect(stuck).rejects.toThrow('stuck: no byte has moved for 20 ms');
});

test('simulate() resolves to the number of runs if no run fails', async () => {
  const { runs } = await simulate(
    async ({ connect }) => {
      await using pair = await connect(racy());
      const counter = await pair.rpc.dispense('counter');
      expect(await counter.add(2)).toBe(2);
    },
    { seed: 9, runs: 10 },
  );
  expect(runs).toBe(10);
});
