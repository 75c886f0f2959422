// node dist/host.js PLUGIN DESTINATION...: spreads work over machines. PLUGIN is a path on those machines.
import type { Launcher } from '@pipework/core';
import { Pool } from '@pipework/fleet';
import type { Plugins } from './contract.ts';
import { overSsh } from './ssh.ts';

const [plugin = 'plugin.js', ...destinations] = process.argv.slice(2);
const options = process.env['SSH_OPTIONS']?.split(' ') ?? [];
const machines = destinations.map((destination) => overSsh({ destination, options }));

/** Each process of the pool starts on the next machine. */
let started = 0;
const launcher: Launcher = (command) => machines[started++ % machines.length]!(command);

await using pool = new Pool<Plugins>({
  cmd: [process.env['REMOTE_NODE'] ?? 'node', plugin],
  name: 'primes',
  launcher,
  min: machines.length,
  max: machines.length,
});
await pool.start();
const worker = await pool.dispense('worker');
const answers = await Promise.all([10, 100, 1_000, 10_000].map((below) => worker.primes(below)));
console.log(answers.map(({ count }) => count).join(' '));
console.log(`by ${new Set(answers.map(({ pid }) => pid)).size} processes`);
