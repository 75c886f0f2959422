// Time limits that grow with the load of the machine. This file is plain JavaScript, because the programs in
// reliability/ use it too.
import { readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { performance } from 'node:perf_hooks';

/**
 * The largest factor by which a limit grows. On the busiest machine, a limit of one second becomes half a
 * minute.
 */
const mostStretch = 30;
/** The file that contains the number of runnable threads. Under Wine, LOADAVG_FILE gives the file's name. */
const loadFile = process.env.LOADAVG_FILE ?? '/proc/loadavg';
const sampleMs = 20;
const askMs = 5;

// Keeps the original functions, because a test may later replace them by fakes.
const now = performance.now.bind(performance);
const { setTimeout, clearTimeout } = globalThis;

/**
 * Returns the number of threads, of all processes, that run or wait for a core now. Without `loadFile`,
 * returns the average number in the last minute.
 */
function runnableThreads() {
  try {
    return Number(/^\S+ \S+ \S+ (\d+)\//.exec(readFileSync(loadFile, 'latin1'))[1]);
  } catch {
    return loadavg()[0];
  }
}

/** Measures how busy the machine is while a test waits. */
class Load {
  #cores = availableParallelism();
  #samples = 0;
  #runnable = 0;
  #askedMs = 0;
  #sleptMs = 0;

  /** Waits for the promise for up to `ms` milliseconds. If this time passes, takes a sample of the load. */
  async wait(promise, ms) {
    const began = now();
    let timer;
    const over = new Promise((resolve) => {
      timer = setTimeout(() => resolve(true), ms);
    });
    if (await Promise.race([promise, over])) {
      this.#samples += 1;
      this.#runnable += runnableThreads();
      // Adds 1, because a timer is late by up to a millisecond even on an idle machine.
      this.#askedMs += ms + 1;
      this.#sleptMs += now() - began;
    }
    clearTimeout(timer);
  }

  /** The factor by which a test may take longer than on an idle machine. */
  get stretch() {
    if (this.#samples === 0) return 1;
    const queued = this.#runnable / this.#samples / this.#cores;
    // Only a late timer shows that the event loop or the whole machine was stopped. A count of threads does
    // not.
    const late = this.#sleptMs / this.#askedMs;
    // A starting process waits for a core many times. So the factor is about twice the number of runnable
    // threads for each core.
    return Math.min(mostStretch, Math.max(1, 2 * queued - 1, 2 * late - 1));
  }

  toString() {
    const mean = this.#samples === 0 ? 0 : this.#runnable / this.#samples;
    return `${mean.toFixed(1)} threads wanted to run on ${this.#cores} cores`;
  }
}

/**
 * Measures whether `awaited` happens in time. `awaited` is a promise, or a condition that is checked
 * repeatedly. If the promise rejects, this function rejects with the same reason.
 */
export async function happensWithin(awaited, ms) {
  const load = new Load();
  const began = now();
  const { hasHappened, wake } = typeof awaited === 'function' ? asking(awaited) : settling(awaited);
  let tookMs = 0;
  let happened = await hasHappened();
  while (!happened && tookMs <= ms * load.stretch) {
    await load.wait(wake, wake === never ? askMs : sampleMs);
    happened = await hasHappened();
    tookMs = now() - began;
  }
  const { stretch } = load;
  const message = () =>
    `promised within ${ms} ms: ${happened ? 'took' : 'had not happened after'} ${tookMs.toFixed(0)} ms. ` +
    `${(ms * stretch).toFixed(0)} ms were allowed, ${stretch.toFixed(1)} times the promise, because ${load.toString()}`;
  return { pass: happened && tookMs <= ms * stretch, tookMs, message };
}

const never = new Promise(() => {});
const asking = (hasHappened) => ({ hasHappened, wake: never });

/**
 * Returns `hasHappened()`, which says whether the promise has resolved, and throws the reason if it has
 * rejected.
 */
function settling(promise) {
  let state = 'pending';
  const wake = Promise.resolve(promise).then(
    () => {
      state = 'resolved';
    },
    (reason) => {
      state = { reason };
    },
  );
  const hasHappened = () => {
    if (typeof state === 'object') throw state.reason;
    return state === 'resolved';
  };
  return { hasHappened, wake };
}
