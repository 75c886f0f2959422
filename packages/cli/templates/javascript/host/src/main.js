/**
 * Starts the plugin, calls it, and ends it.
 *
 * @import { Plugins } from '@javascript-app/contract'
 */
import { Client } from '@pipework/core';
import { greetAll } from './index.js';
import { pluginProgram } from './program.js';

/** @type {Client<Plugins>} */
const client = new Client({
  cmd: [process.execPath, pluginProgram],
  stderr: process.stderr,
  syncStdout: process.stdout,
  syncStderr: process.stderr,
});
try {
  const rpc = await client.client();
  const greeter = await rpc.dispense('greeter');

  for (const greeting of await greetAll(greeter, ['world', 'moon'])) console.log(greeting);
  for await (const n of greeter.count(3)) console.log(n);
} finally {
  await client.kill();
}
