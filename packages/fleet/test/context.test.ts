/** Tests the asynchronous contexts in which a fleet's processes run the functions of the host. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { expect, test } from 'vitest';
import { Pool, Supervisor } from '../src/index.ts';
import { workerCommand, type Workers } from './support/worker.ts';

const store = new AsyncLocalStorage<string>();
const here = (): string => store.getStore() ?? 'none';

test.each([
  ['supervisor', Supervisor],
  ['pool', Pool],
])('the setup and the services of a %s run in the async context in which it was made', async (_, Fleet) => {
  const setups: string[] = [];
  await using fleet = store.run(
    'maker',
    () =>
      new Fleet<Workers, { oracle: { answer(): Promise<string> } }>({
        cmd: workerCommand(),
        provide: { oracle: () => ({ answer: async () => here() }) },
        setup: async () => void setups.push(here()),
      }),
  );
  await store.run('request a', async () => {
    const worker = await fleet.dispense('worker');
    expect(await worker.ask('')).toBe('maker');
  });
  expect(setups).toEqual(['maker']);
});
