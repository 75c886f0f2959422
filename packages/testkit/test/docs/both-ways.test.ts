import { describePlugin } from '@pipework/testkit/vitest';
import { plugins, program, type Served } from './greeter.ts';

describePlugin<Served>('greeter', { inMemory: plugins, process: program }, ({ test, expect }) => {
  test('counts', async ({ plugin }) => {
    const greeter = await plugin.rpc.dispense('greeter');
    const numbers: number[] = [];
    for await (const n of greeter.count(3)) numbers.push(n);
    expect(numbers).toEqual([1, 2, 3]);
  });

  test('prints whom it greets', async ({ plugin }) => {
    const greeter = await plugin.rpc.dispense('greeter');
    await greeter.greet('world');
    expect(plugin).toHavePrinted('greeting world\n');
  });
});
