/** Starts the plugin, calls it, and ends it. */
import { Client } from '@pipework/core';
import type { Plugins } from '@typescript-app/contract';
import { greetAll } from './index.ts';
import { pluginProgram } from './program.ts';

await using client = new Client<Plugins>({
  cmd: [process.execPath, pluginProgram],
  stderr: process.stderr,
  syncStdout: process.stdout,
  syncStderr: process.stderr,
});
const rpc = await client.client();
const greeter = await rpc.dispense('greeter');

for (const greeting of await greetAll(greeter, ['world', 'moon'])) console.log(greeting);
for await (const n of greeter.count(3)) console.log(n);
