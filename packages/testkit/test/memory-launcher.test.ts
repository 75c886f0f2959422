import { AsyncLocalStorage } from 'node:async_hooks';
import { Client, isPipeworkError } from '@pipework/core';
import { memoryLauncher, type MemoryProgram } from '@pipework/testkit';
import { expect, test } from 'vitest';

const failureOf = async (program: MemoryProgram): Promise<Error & { code?: string; exit?: object }> => {
  const client = new Client({ cmd: ['in memory'], launcher: memoryLauncher(program) });
  const error: unknown = await client.start().catch((reason: unknown) => reason);
  await client.kill();
  if (!isPipeworkError(error)) throw error;
  return error;
};

test('a program in memory gets the ends of the pipes, and the environment of a plugin', async () => {
  let cookie: string | undefined;
  const error = await failureOf(({ env, writable }) => {
    cookie = env['OTTO_PLUGIN_MAGIC_COOKIE'];
    writable.write('9|pipe|3,4|msgpack-rpc|1||1\n');
  });
  expect(cookie).toMatch(/^[0-9a-f]{64}$/);
  expect(error.code).toBe('HANDSHAKE_API_VERSION');
});

test('if a program throws, its process ends with exit code 1 and the reason on standard error', async () => {
  const error = await failureOf(() => {
    throw new Error('no such table');
  });
  expect(error.message).toContain('exit code 1');
  expect(error.message).toContain('no such table');
});

test.each([
  [{}, 'exit code 0'],
  [{ code: 7 }, 'exit code 7'],
  [{ signal: 'SIGTERM' as const }, 'SIGTERM'],
])('if a program exits with %j, its process ends with %s', async (end, said) => {
  const error = await failureOf(({ exit }) => {
    exit(end);
    exit({ code: 9 });
  });
  expect(error.message).toContain(said);
});

test('a plugin in memory and the services of its host see no store of the request that calls the plugin', async () => {
  const store = new AsyncLocalStorage<string>();
  const here = (): string => store.getStore() ?? 'none';
  interface Services {
    locator: { where(): string };
  }
  interface Plugins {
    asker: { where(): Promise<string>; ask(): Promise<string> };
  }
  const launcher = memoryLauncher<Plugins, Services>({
    asker: ({ host }) => ({
      where: async () => here(),
      ask: async () => (await host.dispense('locator')).where(),
    }),
  });
  await using client = new Client<Plugins, Services>({
    cmd: ['in memory'],
    launcher,
    provide: { locator: () => ({ where: here }) },
  });
  const heard = await store.run('request', async () => {
    const asker = await (await client.client()).dispense('asker');
    return [await asker.where(), await asker.ask()];
  });
  expect(heard).toEqual(['none', 'none']);
});
