/**
 * The time, the timers and the random numbers of this package. A {@link Clock} is passed in, so that a test
 * of delays takes no time. No other file has timers.
 */

export interface Clock {
  /** Milliseconds of a clock that is never set back. */
  now(): number;
  /**
   * Calls `act` once after `ms` milliseconds. Returns a function that cancels this call. If `holdsLoop` is
   * false, the wait does not keep the process alive.
   */
  after(ms: number, act: () => void, options?: { readonly holdsLoop?: boolean }): () => void;
  /** A number from 0 up to 1. */
  random(): number;
}

// These are Node's own functions. The globals are not used, because a test environment such as jsdom replaces
// them by a browser's timers, and because restarts must work even if a test fakes time.
const timers = process.getBuiltinModule('node:timers');
const setTimeout = original('setTimeout', timers.setTimeout);
const clearTimeout = original('clearTimeout', timers.clearTimeout);
const setImmediate = original('setImmediate', timers.setImmediate);
const clearImmediate = original('clearImmediate', timers.clearImmediate);
const hrtime: () => [number, number] = original('hrtime', process.hrtime).bind(process);

/**
 * Node's own function, even if a test has already replaced it. The fake timers of Vitest, Jest and Sinon keep
 * the function that they replaced.
 */
function original<F extends object>(name: string, found: F): F {
  const { clock } = found as { readonly clock?: Readonly<Record<string, unknown>> };
  return (clock?.[`_${name}`] as F | undefined) ?? found;
}

/** The longest delay that Node's timers accept. A timer with a longer delay would fire immediately. */
const maxTimerMs = 0x7fff_ffff;

export const realClock: Clock = {
  now: () => {
    const [seconds, nanoseconds] = hrtime();
    return seconds * 1_000 + nanoseconds / 1_000_000;
  },
  after: (ms, act, { holdsLoop = true } = {}) => {
    if (ms === Infinity) return () => {};
    let immediate: NodeJS.Immediate | undefined;
    // After the event loop was blocked, it first runs its timers and then reads its pipes. The immediate runs
    // after that read, so when `act` runs, the bytes that arrived meanwhile have been read.
    const timer = setTimeout(
      () => {
        immediate = setImmediate(act);
      },
      Math.min(ms, maxTimerMs),
    );
    if (!holdsLoop) timer.unref();
    return () => {
      clearTimeout(timer);
      clearImmediate(immediate);
    };
  },
  random: () => Math.random(),
};
