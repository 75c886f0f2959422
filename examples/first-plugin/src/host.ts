import { fileURLToPath } from 'node:url';
import { Client } from '@pipework/core';
import type { Plugins } from './contract.ts';

const plugin = fileURLToPath(new URL('plugin.js', import.meta.url));
await using client = new Client<Plugins>({ cmd: [process.execPath, plugin], syncStdout: process.stdout });
const rpc = await client.client();
const words = await rpc.dispense('words');

console.log(await words.count('two pipes and a plugin'));
for await (const word of words.each('one two three')) console.log(word);
