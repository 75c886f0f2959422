// node bench/first-answer.mjs [rounds]: measures a new host process from its start to its exit. The process
// imports its library, starts one plugin, gets one answer and exits. In each round, one such process uses
// pipework, one uses `fork()`, and one uses two pipes without a library (the floor). The workload
// `first-host` of `pnpm bench` makes the same measurement.
import { measureFirstHost } from './lib/first-host.mjs';
import { median } from './lib/loops.mjs';

const rounds = Number(process.argv[2] ?? 15);
const hosts = ['floor', 'fork-json', 'pipework'];
const samples = Object.fromEntries(hosts.map((host) => [host, []]));
for (let round = 0; round < rounds; round++)
  for (const host of hosts) samples[host].push(measureFirstHost(host, 1));

const over = (host, other, key) =>
  median(samples[host].map((sample, i) => sample[key] / samples[other][i][key]));
console.log(`node ${process.version}, ${rounds} rounds, medians\n`);
console.log(
  '| host | process, ms | without Node itself, ms | over fork | over fork, without Node itself | CPU of the host, ms |',
);
console.log('| --- | ---: | ---: | ---: | ---: | ---: |');
for (const host of hosts) {
  const middle = (key) => median(samples[host].map((sample) => sample[key])).toFixed(1);
  const ratios = ['ms', 'own'].map((key) => over(host, 'fork-json', key).toFixed(2));
  console.log(`| ${host} | ${middle('ms')} | ${middle('own')} | ${ratios.join(' | ')} | ${middle('cpu')} |`);
}
