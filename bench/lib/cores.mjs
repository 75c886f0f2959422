// Pins the host and the other end (child processes or threads) to cores. If the kernel chose the cores,
// single calls would sometimes take 10 µs and sometimes 70 µs.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const hasTaskset = (() => {
  try {
    execFileSync('taskset', ['-V'], { stdio: 'ignore' });
    return process.platform === 'linux';
  } catch {
    return false; // there is no taskset, so the kernel places everything, and the report says so
  }
})();

export const canPin = hasTaskset && availableParallelism() > 1;

/**
 * Returns the ids of this process's threads. The difference between two results shows which threads a new
 * worker has added.
 */
export function threadIds() {
  return hasTaskset ? new Set(readdirSync('/proc/self/task')) : new Set();
}

/**
 * Pins the host and the other end: `one` puts both on the same core, `two` puts each on its own core, and
 * `free` leaves the choice to the kernel. The host is this process. The other end is the processes `pids`, or
 * the `threads` of this process.
 */
export function place(cores, { pids = [], threads = [] }) {
  if (!canPin) return;
  const last = availableParallelism() - 1;
  const all = `0-${last}`;
  const [host, child] = cores === 'one' ? ['1', '1'] : cores === 'two' ? ['0', '1'] : [all, all];
  taskset(['-a', '-c', '-p', host, String(process.pid)]);
  for (const pid of pids) taskset(['-a', '-c', '-p', child, String(pid)]);
  for (const thread of threads) taskset(['-c', '-p', child, String(thread)]);
}

function taskset(args) {
  execFileSync('taskset', args, { stdio: 'ignore' });
}
