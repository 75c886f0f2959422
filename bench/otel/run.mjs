// node run.mjs [rounds]: measures the cost of telemetry, and prints a table. Each round measures every
// configuration once. There are three rounds by default. The result of a configuration is its lowest
// processor time.
import { loadNow } from '../lib/machine.mjs';
import { configurations } from './configurations.mjs';
import { measure, measureSDK } from './measure.mjs';

const rounds = Number(process.argv[2] ?? 3);
const names = Object.keys(configurations);
const samples = new Map(names.map((name) => [name, []]));
const sdk = [];
const before = loadNow();
for (let round = 0; round < rounds; round += 1) {
  for (const name of names) samples.get(name).push(await measure(name));
  sdk.push((await measureSDK()).empty);
}
const least = (name, key) => Math.min(...samples.get(name).map((sample) => sample[key]));
console.log(`${process.version}, load ${before} before, ${loadNow()} after; 64 calls in flight, one core`);
console.log('| telemetry | a call that adds, µs | more than off | a call that works, µs | of off |');
console.log('| --- | ---: | ---: | ---: | ---: |');
for (const name of names) {
  const [empty, busy] = ['empty', 'busy'].map((key) => least(name, key));
  const more = empty - least('off', 'empty');
  const share = busy / least('off', 'busy');
  console.log(
    `| ${name} | ${empty.toFixed(2)} | ${more.toFixed(2)} | ${busy.toFixed(1)} | ${share.toFixed(2)} |`,
  );
}
console.log(
  `| the SDK alone: two spans and their header, without a call | ${Math.min(...sdk).toFixed(2)} | | | |`,
);
