import { fileURLToPath } from 'node:url';
import { Pool } from '@pipework/fleet';
import type { Plugins } from './contract.ts';

const plugin = fileURLToPath(new URL('plugin.js', import.meta.url));
await using pool = new Pool<Plugins>({ cmd: [process.execPath, plugin], min: 2, max: 2 });
await pool.start();
const words = await pool.dispense('words');

const texts = ['one', 'two words', 'three of them', 'and the last of all'];
console.log(await Promise.all(texts.map((text) => words.count(text))));
const { completed, processes } = pool.stats();
console.log(completed, 'calls in', processes, 'processes');
