// node bench/remote.mjs DESTINATION [SSH OPTIONS...]: measures what a plugin costs on another machine. Each
// round starts the same plugin in three ways: here over descriptors 3 and 4, here over descriptors 0 and 1,
// and on the other machine over ssh. The repository must have the same path on the other machine. Without
// DESTINATION, the plugin is started only here. The program prints a table, in which the round trips are
// those of one call at a time.
import { Client, overStdio } from '@pipework/core';
import { inFlight, lone, median } from './lib/loops.mjs';
import { loadNow } from './lib/machine.mjs';
import { pathOf } from './peers/support/processes.mjs';

const [destination, ...options] = process.argv.slice(2);
const rounds = 3;
const quote = (word) => `'${word.replaceAll("'", `'\\''`)}'`;

const launchers = {
  'descriptors 3 and 4': undefined,
  'descriptors 0 and 1': overStdio(),
};
if (destination !== undefined) {
  launchers[`ssh ${destination}`] = overStdio({
    via: ({ file, args, handshakeEnv }) => {
      const variables = Object.entries(handshakeEnv).map(([name, value]) => `${name}=${value}`);
      const remote = `exec env ${[...variables, file, ...args].map(quote).join(' ')}`;
      return ['ssh', '-T', '-o', 'BatchMode=yes', ...options, '--', destination, remote];
    },
  });
}

async function measure(launcher) {
  const begun = performance.now();
  const client = new Client({
    cmd: [process.execPath, pathOf('./peers/pipework/child.mjs', import.meta.url)],
    ...(launcher && { launcher }),
  });
  const bench = await (await client.client()).dispense('bench');
  await bench.add(1, 2);
  const start = performance.now() - begun;
  const call = (n) => bench.add(n, 7);
  await inFlight(call, 64, 700);
  const { p50, p99 } = await lone(call, 700);
  const { rate } = await inFlight(call, 64, 700);
  const value = new Uint8Array(1 << 20).fill(7);
  const bytes = () => bench.bytes(value);
  for (let n = 0; n < 10; n += 1) await bytes();
  const from = performance.now();
  for (let n = 0; n < 30; n += 1) await bytes();
  const seconds = (performance.now() - from) / 1_000;
  await client.kill();
  return { start, p50, p99, rate, megabytes: (30 * 2 * 1.048_576) / seconds };
}

const before = loadNow();
const samples = new Map(Object.keys(launchers).map((name) => [name, []]));
for (let round = 0; round < rounds; round += 1)
  for (const [name, launcher] of Object.entries(launchers)) samples.get(name).push(await measure(launcher));
console.log(`medians of ${rounds} rounds; load ${before} before, ${loadNow()} after`);
console.log(
  '| | start to first answer, ms | round trip p50, µs | p99, µs | 64 in flight, calls/s | 1 MiB each way, MB/s |',
);
console.log('| --- | ---: | ---: | ---: | ---: | ---: |');
for (const [name, all] of samples) {
  const of = (key) => Math.round(median(all.map((sample) => sample[key])));
  console.log(`| ${name} | ${['start', 'p50', 'p99', 'rate', 'megabytes'].map(of).join(' | ')} |`);
}
