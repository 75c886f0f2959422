import { Client } from '@pipework/core';
import { fileURLToPath } from 'node:url';
import { configurations } from './configurations.mjs';
import { cpuPerCall } from '../lib/loops.mjs';
const name = process.argv[2];
configurations[name]();
const client = new Client({
  cmd: [process.execPath, fileURLToPath(new URL('child.mjs', import.meta.url)), name],
});
const rpc = await client.client();
const b = await rpc.dispense('bench');
const some = async (total) => {
  let left = total;
  await Promise.all(
    Array.from({ length: 64 }, async () => {
      while (left-- > 0) await b.add(left, 7);
    }),
  );
  return { count: total };
};
await some(50000);
const r = [];
for (let i = 0; i < 5; i++) r.push((await cpuPerCall([client.pid], () => some(20000))).cpu);
console.log(name.padEnd(20), r.map((x) => x.toFixed(2)).join(' '));
await client.kill();
process.exit();
