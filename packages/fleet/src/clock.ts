/** Time and chance, given from outside so that a test of back-off needs no time. The only timers of this package. */

export interface Clock {
  /** Milliseconds of a clock that is never set back. */
  now(): number;
  /**
   * Calls `act` once after `ms` milliseconds, and returns what cancels it. With `holdsLoop: false` the wait does not keep the process
   * alive.
   */
  after(ms: number, act: () => void, options?: { readonly holdsLoop?: boolean }): () => void;
  /** A number from 0 up to 1. */
  random(): number;
}

// Taken at load: a test that fakes time later must not stop a restart.
const { setTimeout, clearTimeout, setImmediate, clearImmediate } = globalThis;

/** Node's timers take no longer time. A longer one would fire at once. */
const maxTimerMs = 0x7fff_ffff;

export const realClock: Clock = {
  now: () => performance.now(),
  after: (ms, act, { holdsLoop = true } = {}) => {
    if (ms === Infinity) return () => {};
    let immediate: NodeJS.Immediate | undefined;
    // A loop that was blocked finds its timers due before it has read its pipes: what has arrived meanwhile is read first.
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
