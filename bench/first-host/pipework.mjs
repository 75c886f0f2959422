// Starts a plugin and gets one answer, as a user of pipework would.
import { fileURLToPath } from 'node:url';
import { Client } from '@pipework/core';
import { report } from './report.mjs';

const plugin = fileURLToPath(new URL('pipework-child.mjs', import.meta.url));
const client = new Client({ cmd: [process.execPath, plugin], stdin: 'ignore' });
const adder = await (await client.client()).dispense('adder');
report(await adder.add(1, 2));
