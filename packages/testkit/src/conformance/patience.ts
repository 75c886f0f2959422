/** Deadlines that know how busy the machine is: a plugin must not fail a check because other processes took its core. */
import { readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { clearRealTimeout, realNow, setRealTimeout } from '../real-time.ts';

/** On the busiest machine an answer may take so many times as long as on an idle one. */
let mostStretch = 10;
/** A busy machine makes no wait longer than this, so that it ends before the check that waits. */
const longestMs = 60_000;
const sampleMs = 50;
/** How soon a wait that goes on looks again whether the machine is still busy enough for that. */
const againMs = 100;

/** For tests of plugins that never do what is awaited, whose every wait lasts as long as it may. Returns what ends the limit. */
export function limitStretch(times: number): () => void {
  const before = mostStretch;
  mostStretch = times;
  return () => {
    mostStretch = before;
  };
}

/**
 * Settles as `promise` does. After `ms` it goes on waiting as long as the machine's load in that time allows, up to ten times
 * `ms` and a minute, and then rejects with what `late` makes of the text that tells how long it waited and how busy the machine was. The
 * promise is not ended by that.
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

/** What was measured so far. The difference between two of them tells of the time between. */
interface Measured {
  readonly samples: number;
  /** The threads that wanted to run, summed over the samples. */
  readonly runnable: number;
  /** How long the timer between samples was to sleep, and how long it slept, in milliseconds. */
  readonly askedMs: number;
  readonly sleptMs: number;
}

/** How many times as long as on an idle machine things may take. */
function stretchOf({ samples, runnable, askedMs, sleptMs }: Measured): number {
  const queued = runnable / samples / availableParallelism();
  // A timer is late if the event loop or the whole machine stood still, which no count of threads shows.
  const late = sleptMs / askedMs;
  // Twice what the queue says, because a process that starts waits in the queue again and again.
  return Math.min(mostStretch, Math.max(1, 2 * queued - 1, 2 * late - 1));
}

const toText = ({ samples, runnable, askedMs, sleptMs }: Measured): string =>
  `${(runnable / samples).toFixed(1)} threads wanted to run on ${String(availableParallelism())} cores ` +
  `and timers took ${(sleptMs / askedMs).toFixed(1)} times their time`;

/** Measures the machine while anything is awaited, once for all waits: a check may await hundreds of answers at a time. */
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
      // The timer of a resting machine is late by up to a millisecond.
      askedMs: this.#sum.askedMs + Math.min(sleptMs, sampleMs + 1),
      sleptMs: this.#sum.sleptMs + sleptMs,
    };
    this.#sleep();
  }
}

const load = new Load();

/** Threads that want a core now, of all processes. Outside Linux it is the average of the last minute. */
function runnableThreads(): number {
  try {
    const running = /^\S+ \S+ \S+ (\d+)\//.exec(readFileSync('/proc/loadavg', 'latin1'))?.[1];
    if (running !== undefined) return Number(running);
  } catch {
    // Not Linux.
  }
  return loadavg()[0] ?? 0;
}
