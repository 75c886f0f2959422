/** Tests the asynchronous context in which a host's services run. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { expect, onTestFinished, test } from 'vitest';
import { Client, type ClientConfig } from '../../src/index.ts';
import { fixture, until } from '../support/life.ts';

interface Asker {
  read(name: string): Promise<string>;
  count(to: number): Promise<string[]>;
  release(): Promise<void>;
}

const store = new AsyncLocalStorage<string>();
const here = (): string => store.getStore() ?? 'none';

/** Makes a client of a plugin that calls the service `files`. `saw` gets the name of each function that ran. */
function makeClient(
  saw: (name: string) => void,
  config: Pick<ClientConfig, 'logger'> = {},
): Client<{ asker: Asker }> {
  const files = {
    read: here,
    async *count() {
      yield here();
    },
    [Symbol.dispose]: () => saw('dispose'),
  };
  const client = new Client<{ asker: Asker }, { files: typeof files }>({
    cmd: [process.execPath, fixture('asks-host')],
    stdin: 'ignore',
    provide: {
      files: () => {
        saw('factory');
        return files;
      },
    },
    handlerInterceptors: [
      async (_call, next) => {
        saw('interceptor');
        return next();
      },
    ],
    ...config,
  });
  onTestFinished(async () => {
    await client.kill();
  });
  return client;
}

test('services of a host run in the async context in which the client was made', async () => {
  const seen = new Set<string>();
  const client = store.run('maker', () => makeClient((name) => seen.add(`${name}: ${here()}`)));
  const rpc = await store.run('request a', () => client.client());
  await store.run('request b', async () => {
    const asker = await rpc.dispense('asker');
    expect(await asker.read('x')).toBe('maker');
    expect(await asker.count(1)).toEqual(['maker']);
    await asker.release();
    await client.kill();
  });
  await until(() => seen.has('dispose: maker'));
  expect([...seen].toSorted()).toEqual(['dispose: maker', 'factory: maker', 'interceptor: maker']);
});

test('the logger of a host runs in the async context in which the client was made', async () => {
  const seen = new Set<string>();
  const log = (): void => void seen.add(here());
  const logger = { debug: log, info: log, warn: log, error: log };
  const client = makeClient(() => {}, { logger });
  await store.run('request a', async () => {
    await client.client();
    await client.kill();
  });
  expect([...seen]).toEqual(['none']);
});
