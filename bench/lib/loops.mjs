// Makes calls in two ways: one call at a time, which measures each round trip, or many calls in flight.
import { cpuMicros } from './memory.mjs';

/** Makes one call at a time for `ms` milliseconds. Returns latencies in microseconds. */
export async function lone(call, ms) {
  const samples = new Float64Array(300_000);
  let count = 0;
  const begin = performance.now();
  const end = begin + ms;
  let before = begin;
  while (before < end && count < samples.length) {
    await call(count);
    const after = performance.now();
    samples[count++] = (after - before) * 1000;
    before = after;
  }
  const sorted = samples.subarray(0, count).sort();
  return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), rate: count / ((before - begin) / 1000) };
}

/** Keeps `width` calls in flight for `ms` milliseconds. Returns calls a second. */
export async function inFlight(call, width, ms) {
  let count = 0;
  const begin = performance.now();
  const end = begin + ms;
  const lane = async () => {
    while (performance.now() < end) await call(count++);
  };
  await Promise.all(Array.from({ length: width }, lane));
  return { rate: count / ((performance.now() - begin) / 1000), count };
}

/**
 * Returns the processor time of a call, in this process and the processes `pids` together. `work` makes the
 * calls, and resolves to their number as `count`.
 */
export async function cpuPerCall(pids, work) {
  const read = () => cpuMicros() + pids.reduce((sum, pid) => sum + cpuMicros(pid), 0);
  const before = read();
  const result = await work();
  return { ...result, cpu: (read() - before) / result.count };
}

export function quantile(sorted, q) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
