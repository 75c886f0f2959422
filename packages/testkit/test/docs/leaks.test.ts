import { expect } from 'vitest';
import { expectNoLeaks, test } from '@pipework/testkit/vitest';
import { Client } from '@pipework/core';
import { plugins, program, type Served } from './greeter.ts';

test('leaves no process, descriptor or timer behind', async () => {
  await expectNoLeaks(async () => {
    await using client = new Client<Served>({ cmd: program });
    const greeter = await (await client.client()).dispense('greeter');
    await greeter.greet('world');
  });
});

test('is at rest when the loop over its numbers is left early', async ({ connect }) => {
  const pair = await connect(plugins);
  const greeter = await pair.rpc.dispense('greeter');
  for await (const n of greeter.count(1_000_000)) if (n === 3) break;
  await expect(pair).toHaveNoLeaks();
});
