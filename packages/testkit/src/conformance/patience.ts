/**
 * Deadlines that depend on how busy the machine is. A plugin must not fail a check because other processes
 * keep all cores busy.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { clearRealTimeout, realNow, setRealTimeout } from '../real-time.ts';

/** On the busiest machine, an answer may take this many times as long as on an idle one. */
let mostStretch = 10;
/**
 * The longest wait on a busy machine, in milliseconds. This time is shorter than the deadline of a check, so
 * the wait ends first.
 */
const longestMs = 60_000;
const sampleMs = 50;
/** The interval in milliseconds at which an extended wait measures again how busy the machine is. */
const againMs = 100;

/**
 * Sets the largest factor by which a busy machine may extend a wait. If a plugin never answers, each wait
 * lasts as long as this limit allows. Tests of such plugins call this function to set a lower limit. Returns
 * a function that restores the previous limit.
 */
export function limitStretch(times: number): () => void {
  const before = mostStretch;
  mostStretch = times;
  return () => {
    mostStretch = before;
  };
}

/**
 * Settles like `promise`, or rejects after `ms` with the error from `late`. If the machine was busy in that
 * time, the wait is extended, to at most ten times `ms` and at most a minute. `late` receives a text that
 * says how long the wait was and how busy the machine was. The rejection does not stop the work that settles
 * `promise`.
 */
export async function withPatience<T>(
  promise: PromiseLike<T>,
  ms: number,
  late: (waited: string) => Error,
): Promise<T> {
  const began = realNow();
  const before = load.begin();
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    const look = (): void => {
      const meanwhile = load.since(before);
      const waitedMs = realNow() - began;
      const leftMs = Math.max(ms, Math.min(longestMs, ms * stretchOf(meanwhile))) - waitedMs;
      if (leftMs > 0) timer = setRealTimeout(look, Math.min(leftMs, againMs));
      else reject(late(`in ${waitedMs.toFixed(0)} ms, while ${toText(meanwhile)}`));
    };
    timer = setRealTimeout(look, ms);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearRealTimeout(timer);
    load.end();
  }
}

/**
 * The sums of everything that was measured so far. The difference between two of these objects describes the
 * time between the two measurements.
 */
interface Measured {
  readonly samples: number;
  /** The number of threads that wanted to run, added up over all samples. */
  readonly runnable: number;
  /** The planned and the real duration of the timers between samples, in milliseconds. */
  readonly askedMs: number;
  readonly sleptMs: number;
}

/** Returns the factor by which an answer may take longer than on an idle machine. */
function stretchOf({ samples, runnable, askedMs, sleptMs }: Measured): number {
  const queued = runnable / samples / availableParallelism();
  // If the event loop or the whole machine stood still, timers are late. No count of threads shows such a
  // stop.
  const late = sleptMs / askedMs;
  // `queued` counts twice, because a starting process waits for a core again and again.
  return Math.min(mostStretch, Math.max(1, 2 * queued - 1, 2 * late - 1));
}

const toText = ({ samples, runnable, askedMs, sleptMs }: Measured): string =>
  `${(runnable / samples).toFixed(1)} threads wanted to run on ${String(availableParallelism())} cores ` +
  `and timers took ${(sleptMs / askedMs).toFixed(1)} times their time`;

/**
 * Measures the load of the machine during waits. All waits share one measurement, because a check may wait
 * for hundreds of answers at a time.
 */
class Load {
  #waiting = 0;
  #sum: Measured = { samples: 0, runnable: 0, askedMs: 0, sleptMs: 0 };
  #sampledAt = 0;
  #timer: NodeJS.Timeout | undefined;

  begin(): Measured {
    if (this.#waiting++ === 0) this.#sleep();
    return this.#sum;
  }

  end(): void {
    if (--this.#waiting === 0) clearRealTimeout(this.#timer);
  }

  since(before: Measured): Measured {
    this.#sample();
    const { samples, runnable, askedMs, sleptMs } = this.#sum;
    return {
      samples: samples - before.samples,
      runnable: runnable - before.runnable,
      askedMs: askedMs - before.askedMs,
      sleptMs: sleptMs - before.sleptMs,
    };
  }

  #sleep(): void {
    clearRealTimeout(this.#timer);
    this.#sampledAt = realNow();
    this.#timer = setRealTimeout(() => {
      this.#sample();
    }, sampleMs);
  }

  #sample(): void {
    const sleptMs = realNow() - this.#sampledAt;
    this.#sum = {
      samples: this.#sum.samples + 1,
      runnable: this.#sum.runnable + runnableThreads(),
      // Even on an idle machine, a timer is late by up to a millisecond, so this millisecond does not count
      // as load.
      askedMs: this.#sum.askedMs + Math.min(sleptMs, sampleMs + 1),
      sleptMs: this.#sum.sleptMs + sleptMs,
    };
    this.#sleep();
  }
}

const load = new Load();

/**
 * Returns how many threads of all processes want a core now. On other systems than Linux, returns the load
 * average of the last minute.
 */
function runnableThreads(): number {
  try {
    const running = /^\S+ \S+ \S+ (\d+)\//.exec(readFileSync('/proc/loadavg', 'latin1'))?.[1];
    if (running !== undefined) return Number(running);
  } catch {
    // This system is not Linux.
  }
  return loadavg()[0] ?? 0;
}
