// node host.mjs CONFIGURATION: prints the cost of a call in this configuration, as JSON. The unit is
// microseconds of processor time of host and plugin together. A pass makes many calls, and its processor time
// is divided by their number. The cost is that of the cheapest of several passes, because other work of the
// machine can only add time.
import { fileURLToPath } from 'node:url';
import { Client } from '@pipework/core';
import { cpuPerCall } from '../lib/loops.mjs';
import { configurations } from './configurations.mjs';

const [name] = process.argv.slice(2);
configurations[name]();
const child = fileURLToPath(new URL('child.mjs', import.meta.url));
const client = new Client({ cmd: [process.execPath, child, name] });
const bench = await (await client.client()).dispense('bench');

async function inFlight(call, count) {
  let left = count;
  const lane = async () => {
    while (left-- > 0) await call(left);
  };
  await Promise.all(Array.from({ length: 64 }, lane));
  return { count };
}

async function least(call, count) {
  await inFlight(call, 2 * count);
  const passes = [];
  for (let n = 0; n < 5; n += 1)
    passes.push((await cpuPerCall([client.pid], () => inFlight(call, count))).cpu);
  return Math.min(...passes);
}

const empty = await least((n) => bench.add(n, 7), 20_000);
const busy = await least((n) => bench.work(n), 4_000);
console.log(JSON.stringify({ empty, busy }));
await client.kill();
process.exit();
