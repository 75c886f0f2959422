import { fileURLToPath } from 'node:url';
import { Client } from '@pipework/core';
import type { Plugins } from './contract.ts';

const plugin = fileURLToPath(new URL('plugin.js', import.meta.url));
await using client = new Client<Plugins>({ cmd: [process.execPath, plugin], syncStdout: process.stdout });
const rpc = await client.client();
const greeter = await rpc.dispense('greeter');

console.log(await greeter.greet('world', { signal: AbortSignal.timeout(5_000) }));
for await (const n of greeter.count(3)) console.log(n);
await greeter.each(['one', 'two'], (word, index) => console.log(index, word));
const sum = await greeter.hash(new Blob(['a stream of bytes']).stream());
console.log(Buffer.from(sum).toString('hex'));
