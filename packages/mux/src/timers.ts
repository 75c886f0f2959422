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

// The globals are not used, because a test environment such as jsdom replaces them by a browser's timers. An
// import of the module would cost a plugin a millisecond, because Node would read its `promises`.
const timers = process.getBuiltinModule('node:timers');
// `hrtime` is used instead of `performance`, whose first use costs a process a millisecond.
const hrtime: () => [number, number] = original('hrtime', process.hrtime).bind(process);

/**
 * Node's own function, even if a test has already replaced it. The fake timers of Vitest, Jest and Sinon keep
 * the function that they replaced.
 */
function original<F extends object>(name: string, found: F): F {
  const { clock } = found as { readonly clock?: Readonly<Record<string, unknown>> };
  return (clock?.[`_${name}`] as F | undefined) ?? found;
}

/**
 * Node's own timers and clock. If a test fakes time, that fake time must not end a session that the test
 * itself uses.
 */
export const realTimers: Timers = Object.freeze({
  setTimeout: original('setTimeout', timers.setTimeout),
  clearTimeout: original('clearTimeout', timers.clearTimeout),
  setImmediate: original('setImmediate', timers.setImmediate),
  performance: {
    now: () => {
      const [seconds, nanoseconds] = hrtime();
      return seconds * 1_000 + nanoseconds / 1_000_000;
    },
  },
});
