// Which core runs which end. Lone calls jump between two modes when the kernel chooses, so it doesn't.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const hasTaskset = (() => {
  try {
    execFileSync('taskset', ['-V'], { stdio: 'ignore' });
    return process.platform === 'linux';
  } catch {
    return false; // no taskset here: everything runs where the kernel puts it, and the report says so
  }
})();

export const canPin = hasTaskset && availableParallelism() > 1;

/** Threads of this process, to tell a new worker's from the rest. */
export function threadIds() {
  return hasTaskset ? new Set(readdirSync('/proc/self/task')) : new Set();
}

/**
 * Places both ends: `one` on the same core, `two` on one core each, `free` where the kernel likes.
 * A peer says who its other end is: `pids` (processes) or `threads` (workers of this process).
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
