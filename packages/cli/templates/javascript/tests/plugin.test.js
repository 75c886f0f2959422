/** Runs the same tests twice: with the plugin in memory, and with the process that a host starts. */
import { fileURLToPath } from 'node:url';
import { describePlugin } from '@pipework/testkit/vitest';
import { plugins } from '@javascript-app/plugin';

const program = fileURLToPath(new URL('../plugin/src/main.js', import.meta.url));

describePlugin('greeter', { inMemory: plugins, process: [process.execPath, program] }, ({ test, expect }) => {
  test('greets by name', async ({ plugin }) => {
    const greeter = await plugin.rpc.dispense('greeter');
    expect(await greeter.greet('world')).toBe('Hello, world!');
  });

  test('refuses an empty name', async ({ plugin }) => {
    const greeter = await plugin.rpc.dispense('greeter');
    await expect(greeter.greet('')).rejects.toThrow('there is no name to greet');
  });

  test('counts', async ({ plugin }) => {
    const greeter = await plugin.rpc.dispense('greeter');
    const numbers = [];
    for await (const n of greeter.count(3)) numbers.push(n);
    expect(numbers).toEqual([1, 2, 3]);
  });
});
