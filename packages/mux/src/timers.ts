/** The timers and the clock of a session. */

/**
 * The functions of `globalThis` that a session uses. Any object with the same functions can be given instead.
 */
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
// `hrtime` is used instead of `performance`, whose first use costs a process a millisecond.
const hrtime: () => [number, number] = process.hrtime.bind(process);

/**
 * Node's own timers and clock, as they were when this module was loaded. If a test fakes time later, that
 * fake time must not end a session that the test itself uses.
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
