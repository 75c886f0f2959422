// Tests the restarts of a supervisor. The plugin is a fake in this process, and the test moves the clock.
import { expect, test } from 'vitest';
import { fakePlugin, memoryLauncher } from '@pipework/testkit';
import { Supervisor } from '@pipework/fleet';
import { SteppedClock } from '../support/stepped-clock.ts';

interface Greeter {
  greet(name: string): Promise<string>;
}

test('greets again after the plugin has crashed', async () => {
  const fake = fakePlugin<Greeter>({ greet: async (name) => `Hello, ${name}!` });
  const launcher = memoryLauncher<{ greeter: Greeter }>({ greeter: () => fake });
  const clock = new SteppedClock();
  await using supervisor = new Supervisor<{ greeter: Greeter }>({ cmd: ['fake'], launcher, clock });
  const waiting = new Promise<void>((resolve) => {
    supervisor.on('state', ({ state }) => {
      if (state === 'waiting') resolve();
    });
  });

  const greeter = await supervisor.dispense('greeter');
  fake.crash({ on: 'greet', code: 3, stderr: 'out of coffee' });
  await expect(greeter.greet('world')).rejects.toMatchObject({ sent: true });

  // The test steps the clock past the restart delay, so it does not wait.
  await waiting;
  clock.step();
  fake.reset();
  expect(await greeter.greet('world')).toBe('Hello, world!');
  expect(launcher.launches).toBe(2);
});
