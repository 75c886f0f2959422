import { expect, vi } from 'vitest';
import { test } from '@pipework/testkit/vitest';
import { plugins } from './greeter.ts';

test('says no more than it has to', async ({ connect }) => {
  const pair = await connect(plugins);
  const greeter = await pair.rpc.dispense('greeter');
  await greeter.greet('world');

  expect(pair.transcript({ stable: true })).toMatchInlineSnapshot(`
    "control
      host → plugin  request 0 Dispenser.Dispense('greeter')
      plugin → host  response 0 1
    stream 1
      host → plugin  broker id 1
      host → plugin  request 0 Plugin.greet('world')
      plugin → host  response 0 'Hello, world!'"
  `);
});

test('hands its greeter on', async ({ connect }) => {
  const { rpc } = await connect(plugins, { client: { name: 'english' } });
  const [greeter, other] = [await rpc.dispense('greeter'), await rpc.dispense('greeter')];
  const handOn = vi.fn();
  handOn({ greeter });

  expect(handOn).toHaveBeenCalledWith({ greeter });
  expect(handOn).not.toHaveBeenCalledWith({ greeter: other });
  expect({ greeter }).toMatchInlineSnapshot(`
    {
      "greeter": [greeter of plugin english],
    }
  `);
});
