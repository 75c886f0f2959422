/** Tests the host's code with a fake plugin. */
import { test } from '@pipework/testkit/vitest';
import type { Greeter, Plugins } from '@typescript-app/contract';
import { greetAll } from '@typescript-app/host';
import { expect } from 'vitest';

test('greets each name once', async ({ connect, fakePlugin }) => {
  const fake = fakePlugin<Greeter>({ greet: async (name) => `Hi, ${name}` });
  const { rpc } = await connect<Plugins>({ greeter: () => fake });

  expect(await greetAll(await rpc.dispense('greeter'), ['a', 'b'])).toEqual(['Hi, a', 'Hi, b']);
  expect(fake.callsTo('greet')).toEqual([['a'], ['b']]);
});
