/** Asks the plugin for a greeting each second, even while a new version of the plugin starts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { devPlugin } from './dev-plugin.ts';

await using supervisor = devPlugin(fileURLToPath(new URL('../src', import.meta.url)));
supervisor.on('state', ({ state, generation, error }) => {
  if (error !== undefined) console.error(`the new version does not start: ${error.message}`);
  else if (state === 'ready') console.log(`(version ${generation} runs)`);
});

const greeter = await supervisor.dispense('greeter');
for (;;) {
  console.log(await greeter.greet('world'));
  await sleep(1_000);
}
