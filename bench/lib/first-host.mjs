// Measures the time from the start of a host process to its exit. The process starts one plugin and gets one
// answer.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { median } from './loops.mjs';
import { plainEnvironment } from './run-host.mjs';

const file = (name) => fileURLToPath(new URL(`../first-host/${name}.mjs`, import.meta.url));

/**
 * Alternates between the peer's program and a program that only starts and ends Node. Each runs `rounds`
 * times. Returns medians of the elapsed time and of the processor time. `own` is the elapsed time without the
 * time of Node alone.
 */
export function measureFirstHost(peer, rounds) {
  const program = existsSync(file(peer)) ? [file(peer)] : [file('adapter'), peer];
  const node = [file('node')];
  const samples = [];
  runOnce(program); // This run puts the files into the system's cache.
  for (let i = 0; i < rounds; i++) {
    const bare = runOnce(node);
    const whole = runOnce(program);
    samples.push({ ...whole, own: whole.ms - bare.ms });
  }
  return Object.fromEntries(['ms', 'own', 'cpu'].map((key) => [key, median(samples.map((one) => one[key]))]));
}

function runOnce(args) {
  const begin = performance.now();
  const { status, stdout } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    env: plainEnvironment(),
    timeout: 10_000,
  });
  const ms = performance.now() - begin;
  if (status !== 0) throw new Error(`${args.join(' ')} ended with status ${status}`);
  const { answer, cpu } = JSON.parse(stdout);
  if (answer !== 3) throw new Error(`${args.join(' ')} got ${answer}`);
  return { ms, cpu: (cpu.user + cpu.system) / 1000 };
}
