import { expect } from 'vitest';
import { test } from '@pipework/testkit/vitest';
import { program, type Served } from './greeter.ts';

test('leaves politely when it is asked to', async ({ launch }) => {
  const client = launch<Served>({ cmd: program });
  const greeter = await (await client.client()).dispense('greeter');
  expect(await greeter.greet('world')).toBe('Hello, world!');

  await client.kill();
  await expect(client).toHaveExited({ code: 0, by: 'quit' });
});
