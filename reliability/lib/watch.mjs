// Watches a run: the errors that were not caught, the most memory that was in use, and the longest block of
// the event loop.
import { Worker } from 'node:worker_threads';

const MiB = 2 ** 20;
export const mebibytes = (bytes) => Math.round((bytes / MiB) * 10) / 10;

const held = () => {
  const { heapUsed, external } = process.memoryUsage(); // `external` includes `arrayBuffers`
  return heapUsed + external;
};

/**
 * Returns the memory in use after a garbage collection, in bytes. Without --expose-gc there is no collection,
 * and the figure is not exact.
 */
export function heldNow() {
  globalThis.gc?.();
  return held();
}

/**
 * Starts to watch this process. `doing(number)` of the result stores the seed of the current work. `stop()`
 * of the result ends the watch, and resolves with `{ uncaught, peakBytes, longestStallMs }`. If
 * `fatalStallMs` is given, a separate thread, the watchdog, watches the event loop. When the loop has been
 * blocked for `fatalStallMs` of processor time, the watchdog prints the stored seed and ends the process.
 */
export function watch({ fatalStallMs } = {}) {
  const uncaught = [];
  const onUncaught = (error, origin) => uncaught.push(`${origin}: ${error?.stack ?? error}`);
  process.on('uncaughtException', onUncaught);
  const onRejection = (error) => onUncaught(error, 'unhandledRejection');
  process.on('unhandledRejection', onRejection);
  const onWarning = (warning) => uncaught.push(`warning: ${warning.stack}`);
  process.on('warning', onWarning);

  const beat = new Int32Array(new SharedArrayBuffer(8));
  const dog = fatalStallMs && new Worker(watchdog, { eval: true, workerData: { beat, fatalStallMs } });
  dog?.unref();
  let peakBytes = held();
  let longestStallMs = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longestStallMs = Math.max(longestStallMs, now - last - 20);
    last = now;
    peakBytes = Math.max(peakBytes, held());
    Atomics.add(beat, 0, 1);
  }, 20);
  timer.unref();
  return {
    doing: (number) => Atomics.store(beat, 1, number),
    uncaught,
    async stop() {
      clearInterval(timer);
      process
        .off('uncaughtException', onUncaught)
        .off('unhandledRejection', onRejection)
        .off('warning', onWarning);
      await dog?.terminate();
      return { uncaught, peakBytes, longestStallMs: Math.round(longestStallMs) };
    },
  };
}

// A process that gets no processor time can be healthy. The machine may be busy, or the process was stopped.
// So the watchdog counts the processor time since the event loop's last beat. But a system call that never
// returns uses no processor time. So the watchdog also ends the process after ten times `fatalStallMs` of
// elapsed time. To measure this time, the watchdog counts its own turns, because it makes no turn while the
// whole process is stopped.
const watchdog = `
  const { writeSync } = require('node:fs');
  const { workerData: { beat, fatalStallMs } } = require('node:worker_threads');
  const usedMs = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };
  let last = { beat: -1 };
  setInterval(() => {
    const now = Atomics.load(beat, 0);
    if (now !== last.beat) {
      last = { beat: now, usedMs: usedMs(), turns: 0 };
    } else if (++last.turns > 100 || usedMs() - last.usedMs >= fatalStallMs) {
      writeSync(2, 'HUNG: the event loop stood still for ' + fatalStallMs + ' ms of processor time, or for ten times as long in elapsed time; the seed was ' + (Atomics.load(beat, 1) >>> 0) + '\\n');
      process.kill(process.pid, 'SIGKILL');
    }
  }, fatalStallMs / 10);`;
