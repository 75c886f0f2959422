import { expect } from 'vitest';
import { faults, simulate, test } from '@pipework/testkit/vitest';
import { plugins } from './greeter.ts';

test('fails a pending call when the pipes break', async ({ connect, fakePlugin }) => {
  const fake = fakePlugin({ greet: (name: string) => name });
  fake.hang('greet');
  const pair = await connect({ greeter: () => fake });
  const greeter = await pair.rpc.dispense('greeter');

  const pending = greeter.greet('world');
  pair.sever();
  await expect(pending).toFailWith('RPC_CLOSED');
});

test('waits out a plugin that says nothing for a while', async ({ connect }) => {
  const pair = await connect(plugins);
  const greeter = await pair.rpc.dispense('greeter');

  const resume = pair.stall('toHost');
  const greeting = greeter.greet('world');
  resume();
  expect(await greeting).toBe('Hello, world!');
});

test('does not care how bytes are cut up', async ({ connect }) => {
  const pair = await connect(plugins, {
    chunking: 'random',
    delayMs: { min: 0, max: 2 },
    window: 1000,
    seed: 42,
  });
  const greeter = await pair.rpc.dispense('greeter');
  expect(await greeter.greet('x'.repeat(10_000))).toHaveLength(10_008);
});

test('fails cleanly when the plugin is cut off in the middle of a frame', async ({ connect }) => {
  const pair = await connect(plugins, { faults: { toHost: [faults.truncate({ after: 200 })] } });
  const greetForever = async () => {
    const greeter = await pair.rpc.dispense('greeter');
    for (;;) await greeter.greet('world');
  };
  await expect(greetForever).toFailWith('RPC_CLOSED');
});

test('gives the same greeting under every schedule', async () => {
  await simulate(
    async ({ connect, choose }) => {
      await using pair = await connect(plugins);
      const greeter = await pair.rpc.dispense('greeter');
      const names = ['a', 'b', 'c'].slice(choose(3));
      const greetings = await Promise.all(names.map(async (name) => await greeter.greet(name)));
      expect(greetings).toEqual(names.map((name) => `Hello, ${name}!`));
    },
    { runs: 25, seed: 1 },
  );
});
