import { expect, test } from 'vitest';
import { isPipeworkError, type Diagnostics, type RPCClient } from '@pipework/core';
import { faults, simulate } from '@pipework/testkit';
import { runs } from '../../../testing/explore.ts';
import { plugins, type Greeter } from './docs/greeter.ts';

// Tests core itself under random schedules. A failure prints its seed and a schedule that repeats it.

interface Callbacks {
  each(numbers: number[], visit: (n: number) => Promise<number>): Promise<number>;
  sum(numbers: AsyncIterable<number>): Promise<number>;
}
interface Served {
  greeter: Greeter;
  callbacks: Callbacks;
}

const callbacks = (): Callbacks => ({
  each: async (numbers, visit) => {
    let sum = 0;
    for (const n of numbers) sum += await visit(n);
    return sum;
  },
  sum: async (numbers) => {
    let sum = 0;
    for await (const n of numbers) sum += n;
    return sum;
  },
});

async function* oneTwoThree(): AsyncGenerator<number> {
  yield 1;
  yield 2;
  yield 3;
}

const isAtRest = ({ pendingCalls, runningCalls, references, valueStreams }: Diagnostics): boolean =>
  pendingCalls + runningCalls + references + valueStreams === 0;

test('calls, callbacks and streams give the same results in any order of arrival, and all of them end', async () => {
  await simulate(
    async ({ connect, choose }) => {
      await using pair = await connect<Served>({ ...plugins, callbacks });
      const greeter = await pair.rpc.dispense('greeter');
      const remote = await pair.rpc.dispense('callbacks');
      const leaveAt = choose(30);
      const name = 'x'.repeat(1 + choose(3) * 50_000);
      const count = async (): Promise<void> => {
        const seen: number[] = [];
        for await (const n of greeter.count(40)) {
          seen.push(n);
          if (n === leaveAt) break;
        }
        expect(seen).toHaveLength(leaveAt === 0 ? 40 : leaveAt);
      };
      const [, doubled, sum, greeting] = await Promise.all([
        count(),
        remote.each([1, 2, 3], async (n) => n * 2),
        remote.sum(oneTwoThree()),
        greeter.greet(name),
      ]);
      expect([doubled, sum, greeting]).toEqual([12, 6, `Hello, ${name}!`]);
      for (let turn = 0; turn < 500 && !isAtRest(pair.rpc.diagnostics()); turn++)
        await new Promise(setImmediate);
      expect(pair.rpc.diagnostics()).toSatisfy(isAtRest);
    },
    { runs: runs(40), stuckAfterMs: 20_000 },
  );
});

test('if pipes break at any point, calls fail with PipeworkErrors, and no call or stream stays open', async () => {
  const work = async (rpc: RPCClient<{ greeter: Greeter }>): Promise<void> => {
    const greeter = await rpc.dispense('greeter');
    for (let i = 0; i < 5; i++) await greeter.greet('world');
    const numbers: number[] = [];
    for await (const n of greeter.count(50)) numbers.push(n);
    expect(numbers).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  };
  const mayFail = async (promise: Promise<unknown>): Promise<void> => {
    await promise.catch((error: unknown) => {
      expect(isPipeworkError(error), String(error)).toBe(true);
    });
  };
  await simulate(
    async ({ connect, choose }) => {
      const after = 60 + choose(600);
      const how = choose(2) === 0 ? 'eof' : 'error';
      const fault = choose(2) === 0 ? faults.cut({ after, how }) : faults.truncate({ after });
      const planned = choose(2) === 0 ? { toHost: [fault] } : { toPlugin: [fault] };
      const starting = connect(plugins, {
        faults: planned,
        client: { startTimeout: 5_000, gracePeriod: 100 },
      });
      await mayFail(
        starting.then(async (pair) => {
          await mayFail(work(pair.rpc));
          await pair.close();
          expect(pair.rpc.diagnostics()).toSatisfy(isAtRest);
        }),
      );
    },
    { runs: runs(25), stuckAfterMs: 5_000, shrinkRuns: 20 },
  );
});
