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

// These functions are read when the module is loaded. So restarts work even if a test later replaces the
// global timers with fakes.
const { setTimeout, clearTimeout, setImmediate, clearImmediate } = globalThis;

/** The longest delay that Node's timers accept. A timer with a longer delay would fire immediately. */
const maxTimerMs = 0x7fff_ffff;

export const realClock: Clock = {
  now: () => performance.now(),
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
