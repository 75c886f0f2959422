// `test` of node:test returns a promise that the runner itself waits for.
/* oxlint-disable typescript/no-floating-promises */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, expectNoLeaks, fakePlugin, launch, misbehave } from '@pipework/testkit';

const plugins = { greeter: () => ({ greet: async (name) => `Hello, ${name}!` }) };

test('greets by name', async (t) => {
  const pair = await connect(plugins, { test: t });
  const greeter = await pair.rpc.dispense('greeter');
  assert.equal(await greeter.greet('world'), 'Hello, world!');
});

test('gives up on a plugin that does not start', async (t) => {
  const client = launch({ cmd: misbehave('exits-before-handshake'), test: t });
  await assert.rejects(client.client(), { code: 'HANDSHAKE_EXITED' });
});

test('asks for one greeting', async (t) => {
  const fake = fakePlugin({ greet: async (name) => `Hi, ${name}` });
  const pair = await connect({ greeter: () => fake }, { test: t });
  const greeter = await pair.rpc.dispense('greeter');
  await greeter.greet('world');
  assert.deepEqual(fake.callsTo('greet'), [['world']]);
  fake.assertNoUnhandled(); // Vitest's fixture does that automatically.
});

test('leaves nothing behind', async () => {
  await expectNoLeaks(async () => {
    await greetOnce(await connect(plugins));
  });
});

/** Node 20 has no `await using`, so this closes the pair instead. */
async function greetOnce(pair) {
  const greeter = await pair.rpc.dispense('greeter');
  await greeter.greet('world');
  await pair.close();
}
