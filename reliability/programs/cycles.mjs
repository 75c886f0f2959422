// Starts a plugin, calls it and kills it, again and again. No process or descriptor may be left, and the heap
// must not grow.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { Client } from '@pipework/core';
import { pluginCommand } from '../lib/phases.mjs';

export const help = 'start, call, kill: no child, zombie or descriptor is left, and the heap does not grow';
export const defaults = { times: 1_000, atOnce: 4 };

const descriptors = () => readdirSync('/proc/self/fd').length;
const MiB = 1024 * 1024;

/**
 * Returns the children of this process as ps lists them. Omits ps itself, and pipework's reaper (`sh`),
 * which ends plugins after their host's death and may remain.
 */
function children() {
  const list = execFileSync('ps', ['-o', 'stat=,comm=', '--ppid', String(process.pid)], { encoding: 'utf8' });
  return list
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/ (ps|sh)$/.test(line));
}

async function cycle() {
  const client = new Client({ cmd: pluginCommand(), stdin: 'ignore' });
  const rpc = await client.client();
  await rpc.ping();
  const exit = await client.kill();
  if (exit.by !== 'quit' || exit.code !== 0)
    throw new Error(`a plugin did not end in an orderly way: ${JSON.stringify(exit)}`);
}

function heap() {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / MiB;
}

export async function run(options, say = () => {}) {
  const { times, atOnce } = { ...defaults, ...options };
  const findings = [];
  const round = () => Promise.all(Array.from({ length: atOnce }, cycle));
  // The warm-up loads modules, starts the reaper, and compiles code.
  for (let i = 0; i < 5; i++) await round();
  const before = { descriptors: descriptors(), heap: heap() };
  const began = performance.now();
  for (let done = 0; done < times; done += atOnce) {
    await round();
    if (done % (atOnce * 25) === 0)
      say(`${done} of ${times}: ${descriptors()} descriptors, heap ${heap().toFixed(1)} MiB`);
  }
  const msEach = ((performance.now() - began) / times) * atOnce;
  const after = { descriptors: descriptors(), heap: heap() };
  const left = children();
  if (left.length > 0) findings.push(`children are left: ${left.join(', ')}`);
  if (after.descriptors > before.descriptors)
    findings.push(`descriptors grew from ${before.descriptors} to ${after.descriptors}`);
  if (after.heap - before.heap > 2)
    findings.push(`the heap grew by ${(after.heap - before.heap).toFixed(1)} MiB`);
  return {
    findings,
    figures: {
      times,
      'ms from start to gone': Math.round(msEach),
      'heap growth, KiB a cycle': Number((((after.heap - before.heap) * 1024) / times).toFixed(2)),
      'descriptors before and after': [before.descriptors, after.descriptors],
    },
  };
}
