/**
 * Runs the plugin for development, and greets every second. After you save a file of the plugin, the next
 * greeting comes from the new code.
 */
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Supervisor } from '@pipework/fleet';
import type { Plugins } from '@typescript-app/contract';
import { pluginProgram } from './program.ts';

await using supervisor = new Supervisor<Plugins>({
  cmd: [process.execPath, pluginProgram],
  watch: dirname(pluginProgram),
  stderr: process.stderr,
  syncStdout: process.stdout,
  syncStderr: process.stderr,
});
supervisor.on('state', ({ state, generation, error }) => {
  if (error !== undefined) console.error(`the new version does not start: ${error.message}`);
  else if (state === 'ready') console.log(`(version ${generation} runs)`);
});

const greeter = await supervisor.dispense('greeter');
for (;;) {
  console.log(await greeter.greet('world'));
  await sleep(1_000);
}
