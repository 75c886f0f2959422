import { expect } from 'vitest';
import { test } from '@pipework/testkit/vitest';
import { plugins } from './greeter.ts';

test('greets by name', async ({ connect }) => {
  const pair = await connect(plugins);
  const greeter = await pair.rpc.dispense('greeter');

  expect(await greeter.greet('world')).toBe('Hello, world!');
  expect(pair).toHavePrinted('greeting world\n');
});

test('refuses to greet nobody', async ({ connect }) => {
  const pair = await connect(plugins);
  const greeter = await pair.rpc.dispense('greeter');

  await expect(greeter.greet('')).rejects.toThrow('nobody to greet');
});
