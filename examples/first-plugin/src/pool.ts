import { fileURLToPath } from 'node:url';
import { Pool } from '@pipework/fleet';
import type { Plugins } from './contract.ts';

const plugin = fileURLToPath(new URL('plugin.js', import.meta.url));
await using pool = new Pool<Plugins>({ cmd: [process.execPath, plugin], max: 2 });
const words = await pool.dispense('words');

const texts = ['one', 'two words', 'three of them', 'and the last of all'];
console.log(await Promise.all(texts.map((text) => words.count(text))));
console.log(pool.stats().completed, 'calls');
