// Reads resident memory and processor time from /proc. On systems other than Linux they are not measured.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';

const MiB = 1024;

/**
 * Returns the resident memory of a process in MiB. With the field `VmHWM`, returns the peak instead of the
 * present size.
 */
export function residentMiB(pid = 'self', field = 'VmRSS') {
  const match = readText(`/proc/${pid}/status`)?.match(new RegExp(`${field}:\\s+(\\d+) kB`));
  return match ? Number(match[1]) / MiB : undefined;
}

/** Resets the peak (`VmHWM`) of this process's resident memory. */
export function resetPeak() {
  writeFileSync('/proc/self/clear_refs', '5');
}

/** Returns the processor time of a process and all its threads so far, in microseconds. */
export function cpuMicros(pid = 'self') {
  let total = 0;
  for (const thread of safeList(`/proc/${pid}/task`)) {
    total += Number(readText(`/proc/${pid}/task/${thread}/schedstat`)?.split(' ')[0] ?? 0);
  }
  return total / 1000;
}

function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // not Linux, or the process is gone
  }
}

function safeList(path) {
  try {
    return readdirSync(path);
  } catch {
    return []; // as above
  }
}
