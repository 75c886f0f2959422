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
const nextTick: typeof process.nextTick = original('nextTick', process.nextTick);
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

/** A turn of the event loop. `endedAt` is set when the turn has ended. */
interface Turn {
  readonly clock: Clock;
  endedAt: number | undefined;
}

let turn: Turn | undefined;

/** Returns the running turn. All waits on one clock that begin in one turn share one object. */
function thisTurn(clock: Clock): Turn {
  if (turn?.clock === clock) return turn;
  const running: Turn = { clock, endedAt: undefined };
  turn = running;
  nextTick(() => {
    running.endedAt = clock.now();
    if (turn === running) turn = undefined;
  });
  return running;
}

/**
 * A time limit that counts from the end of the turn in which it was made, as core's deadlines do. Nothing can
 * be sent or answered while the turn blocks the event loop.
 */
export class TimeLimit {
  readonly #ms: number;
  readonly #turn: Turn;

  constructor(clock: Clock, ms: number) {
    this.#ms = ms;
    this.#turn = thisTurn(clock);
  }

  /** The milliseconds that are left. Below 0 once the limit has passed. */
  get leftMs(): number {
    const { clock, endedAt } = this.#turn;
    return endedAt === undefined ? this.#ms : endedAt + this.#ms - clock.now();
  }
}

export const realClock: Clock = {
  now: () => {
    const [seconds, nanoseconds] = hrtime();
    return seconds * 1_000 + nanoseconds / 1_000_000;
  },
  after: (ms, act, { holdsLoop = true } = {}) => {
    if (ms === Infinity) return () => {};
    const limit = new TimeLimit(realClock, Math.min(ms, maxTimerMs));
    let immediate: NodeJS.Immediate | undefined;
    let timer: NodeJS.Timeout;
    const wait = (): void => {
      timer = setTimeout(expire, limit.leftMs);
      if (!holdsLoop) timer.unref();
    };
    // After the event loop was blocked, it first runs its timers and then reads its pipes. The immediate runs
    // after that read, so when `act` runs, the bytes that arrived meanwhile have been read.
    const expire = (): void => {
      // Node's timers are exact to a millisecond.
      if (limit.leftMs > 1) wait();
      else immediate = setImmediate(act);
    };
    wait();
    return () => {
      clearTimeout(timer);
      clearImmediate(immediate);
    };
  },
  random: () => Math.random(),
};
