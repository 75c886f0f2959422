// node bench/first-answer.mjs [rounds]: measures what a new host process costs its user. A process imports
// what it needs, starts one plugin, gets one answer and exits. Rounds of this process alternate with rounds
// of a process that does the same with `fork()`.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from './lib/loops.mjs';

const rounds = Number(process.argv[2] ?? 15);
const here = fileURLToPath(new URL('.', import.meta.url));
// The folder is inside the package, so that programs in it can import the package's dependencies.
mkdirSync(join(here, 'results'), { recursive: true });
const folder = mkdtempSync(join(here, 'results', 'first-answer-'));

const ending = `
process.stdout.write(JSON.stringify({ answer, cpu: process.cpuUsage() }));
process.exit(0);`;

const programs = {
  'fork-child.mjs': `process.on('message', (name) => process.send('Hello, ' + name + '!'));`,
  'fork.mjs': `
import { fork } from 'node:child_process';
const child = fork(new URL('./fork-child.mjs', import.meta.url));
child.send('world');
const answer = await new Promise((resolve) => child.once('message', resolve));${ending}`,
  'pipework-plugin.mjs': `
import { serve } from '@pipework/core/plugin';
await serve({ plugins: { greeter: () => ({ greet: (name) => 'Hello, ' + name + '!' }) } });`,
  'pipework.mjs': `
import { Client } from '@pipework/core';
import { fileURLToPath } from 'node:url';
const plugin = fileURLToPath(new URL('./pipework-plugin.mjs', import.meta.url));
const client = new Client({ cmd: [process.execPath, plugin], stdin: 'ignore' });
const greeter = await (await client.client()).dispense('greeter');
const answer = await greeter.greet('world');${ending}`,
  'node.mjs': `const answer = 'Hello, world!';${ending}`,
};
const hosts = ['node', 'fork', 'pipework'];

const { NODE_EXTRA_CA_CERTS: _ca, NODE_OPTIONS: _options, ...env } = process.env;
const samples = Object.fromEntries(hosts.map((host) => [host, []]));
try {
  for (const [name, source] of Object.entries(programs)) writeFileSync(join(folder, name), source);
  for (let round = 0; round < rounds; round++) for (const host of hosts) samples[host].push(runOnce(host));
} finally {
  rmSync(folder, { recursive: true });
}

const ms = Object.fromEntries(hosts.map((host) => [host, median(samples[host].map((sample) => sample.ms))]));
console.log(`node ${process.version}, ${rounds} rounds, medians\n`);
console.log('| host | process, ms | over fork | over fork, without Node itself | CPU of the host, ms |');
console.log('| --- | ---: | ---: | ---: | ---: |');
for (const host of hosts) {
  const cpu = median(samples[host].map((sample) => sample.cpu));
  const over = (ms[host] / ms.fork).toFixed(2);
  const overOwn = ((ms[host] - ms.node) / (ms.fork - ms.node)).toFixed(2);
  console.log(`| ${host} | ${ms[host].toFixed(1)} | ${over} | ${overOwn} | ${cpu.toFixed(1)} |`);
}

function runOnce(host) {
  const begin = performance.now();
  const { status, stdout } = spawnSync(process.execPath, [join(folder, `${host}.mjs`)], {
    encoding: 'utf8',
    env,
  });
  const elapsed = performance.now() - begin;
  if (status !== 0) throw new Error(`${host} ended with status ${status}`);
  const { user, system } = JSON.parse(stdout).cpu;
  return { ms: elapsed, cpu: (user + system) / 1000 };
}
