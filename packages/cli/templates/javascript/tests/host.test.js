/**
 * Tests the host's code with a fake plugin.
 *
 * @import { Greeter } from '@javascript-app/contract'
 */
import { test } from '@pipework/testkit/vitest';
import { greetAll } from '@javascript-app/host';
import { expect } from 'vitest';

test('greets each name once', async ({ connect, fakePlugin }) => {
  /** @type {Partial<Greeter>} */
  const methods = { greet: async (name) => `Hi, ${name}` };
  const fake = fakePlugin(methods);
  const { rpc } = await connect({ greeter: () => fake });

  expect(await greetAll(await rpc.dispense('greeter'), ['a', 'b'])).toEqual(['Hi, a', 'Hi, b']);
  expect(fake.callsTo('greet')).toEqual([['a'], ['b']]);
});
