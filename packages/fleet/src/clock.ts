/**
 * Time and chance, passed in from outside, so that a test of back-off takes no time. The only timers of this
 * package.
 */

export interface Clock {
  /** Milliseconds of a clock that is never set back. */
  now(): number;
  /**
   * Calls `act` once after `ms` milliseconds, and returns a function that cancels it. With `holdsLoop: false`
   * the wait does not keep the process alive.
   */
  after(ms: number, act: () => void, options?: { readonly holdsLoop?: boolean }): () => void;
  /** A number from 0 up to 1. */
  random(): number;
}

// These are taken when the module is loaded, because a test that fakes time later must not stop a restart.
const { setTimeout, clearTimeout, setImmediate, clearImmediate } = globalThis;

/** The longest delay that Node's timers accept. A longer one would fire at once. */
const maxTimerMs = 0x7fff_ffff;

export const realClock: Clock = {
  now: () => performance.now(),
  after: (ms, act, { holdsLoop = true } = {}) => {
    if (ms === Infinity) return () => {};
    let immediate: NodeJS.Immediate | undefined;
    // If the loop was blocked, its timers are due before it has read its pipes. What has arrived meanwhile is
    // read first.
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
