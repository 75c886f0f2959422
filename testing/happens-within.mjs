// Bounds on time that know how busy the machine is. Plain JavaScript, for tests and for the programs in reliability/.
import { readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { performance } from 'node:perf_hooks';

/** Nothing is stretched further than this: on the busiest machine a bound of one second is one of half a minute. */
const mostStretch = 30;
const sampleMs = 20;
const askMs = 5;

// Taken before a test can fake them.
const now = performance.now.bind(performance);
const { setTimeout, clearTimeout } = globalThis;

/** Threads that want a core now, of all processes. Outside Linux it is the average of the last minute. */
function runnableThreads() {
  try {
    return Number(/^\S+ \S+ \S+ (\d+)\//.exec(readFileSync('/proc/loadavg', 'latin1'))[1]);
  } catch {
    return loadavg()[0];
  }
}

/** How busy the machine is, measured while something is awaited. */
class Load {
  #cores = availableParallelism();
  #samples = 0;
  #runnable = 0;
  #askedMs = 0;
  #sleptMs = 0;

  /** Waits for the promise, but no longer than this; measures if it was that long. */
  async wait(promise, ms) {
    const began = now();
    let timer;
    const over = new Promise((resolve) => {
      timer = setTimeout(() => resolve(true), ms);
    });
    if (await Promise.race([promise, over])) {
      this.#samples += 1;
      this.#runnable += runnableThreads();
      // The timer of a resting machine is late by up to a millisecond.
      this.#askedMs += ms + 1;
      this.#sleptMs += now() - began;
    }
    clearTimeout(timer);
  }

  /** How many times as long as on an idle machine things may take. */
  get stretch() {
    if (this.#samples === 0) return 1;
    const queued = this.#runnable / this.#samples / this.#cores;
    // A timer is late if the event loop or the whole machine stood still, which no count of threads shows.
    const late = this.#sleptMs / this.#askedMs;
    // Twice what the queue says: a process that starts waits in the queue again and again.
    return Math.min(mostStretch, Math.max(1, 2 * queued - 1, 2 * late - 1));
  }

  toString() {
    const mean = this.#samples === 0 ? 0 : this.#runnable / this.#samples;
    return `${mean.toFixed(1)} threads wanted to run on ${this.#cores} cores`;
  }
}

/** Judges when `awaited` happens, which is a promise or a condition to ask again and again. A rejection is passed on. */
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

/** `hasHappened()` throws the promise's reason once it has rejected. */
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
