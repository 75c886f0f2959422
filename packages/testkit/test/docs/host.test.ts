import { expect, vi } from 'vitest';
import type { Client } from '@pipework/core';
import { misbehave, test } from '@pipework/testkit/vitest';
import type { Greeter, Served } from './greeter.ts';

/** The host's code under test. */
async function greetAll(client: Pick<Client<Served>, 'client'>, names: string[]): Promise<string[]> {
  const greeter = await (await client.client()).dispense('greeter');
  return await Promise.all(names.map(async (name) => await greeter.greet(name)));
}

test('greets each name once', async ({ connect, fakePlugin }) => {
  const fake = fakePlugin<Greeter>({ greet: async (name) => name.toUpperCase() });
  const { client } = await connect<Served>({ greeter: () => fake });

  expect(await greetAll(client, ['a', 'b'])).toEqual(['A', 'B']);
  expect(fake.callsTo('greet')).toEqual([['a'], ['b']]);
});

test('works with mocks and spies', async ({ connect, fakePlugin }) => {
  const greet = vi.fn(async (name: string) => `Hi, ${name}`);
  const fake = fakePlugin<Greeter>({ greet });
  const { client } = await connect<Served>({ greeter: () => fake });

  await greetAll(client, ['a']);
  expect(greet).toHaveBeenCalledExactlyOnceWith('a');

  vi.spyOn(fake, 'greet').mockRejectedValueOnce(new Error('not today'));
  await expect(greetAll(client, ['b'])).rejects.toThrow('not today');
});

test('fails with the last output of a plugin that exits in a call', async ({ connect, fakePlugin }) => {
  const fake = fakePlugin<Greeter>();
  fake.crash({ on: 'greet', code: 3, stderr: 'fatal: out of greetings' });
  const { client } = await connect<Served>({ greeter: () => fake });

  await expect(greetAll(client, ['a'])).toFailWith('PLUGIN_EXITED', 'out of greetings');
});

test('gives up on a plugin that does not start', async ({ launch }) => {
  const silent = launch<Served>({ cmd: misbehave('no-handshake'), startTimeout: 200 });
  await expect(greetAll(silent, ['a'])).toFailWith('HANDSHAKE_TIMEOUT');
});

test('survives a plugin that speaks garbage', async ({ launch }) => {
  const broken = launch<Served>({ cmd: misbehave('garbage-messages') });
  await expect(greetAll(broken, ['a'])).toFailWith('RPC_PROTOCOL');
});
