/** The timers and the clock of a session. */

/** The functions that a session uses of `globalThis`, or of any object with the same functions. */
export interface Timers {
  /** Calls `act` after this many milliseconds. */
  readonly setTimeout: (act: () => void, ms: number) => NodeJS.Timeout;
  /** Cancels a call of `setTimeout`. */
  readonly clearTimeout: (timer: NodeJS.Timeout | undefined) => void;
  /** Calls `act` in the next turn of the event loop. */
  readonly setImmediate: (act: () => void) => unknown;
  /** A clock in milliseconds that never goes back. */
  readonly performance: { now(): number };
}

const { setTimeout, clearTimeout, setImmediate } = globalThis;
// Not `performance`, because its first use costs a process a millisecond.
const hrtime: () => [number, number] = process.hrtime.bind(process);

/**
 * Node's own, taken when this module is loaded. A test that fakes time later must not end the sessions around
 * it.
 */
export const realTimers: Timers = {
  setTimeout,
  clearTimeout,
  setImmediate,
  performance: {
    now: () => {
      const [seconds, nanoseconds] = hrtime();
      return seconds * 1_000 + nanoseconds / 1_000_000;
    },
  },
};
