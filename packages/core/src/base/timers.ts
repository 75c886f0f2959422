/**
 * Node's own timers and clock. So if a test fakes time, the time limits of a plugin's start and end remain in
 * force.
 */

// The globals are not used, because a test environment such as jsdom replaces them by a browser's timers. An
// import of the module would cost a plugin a millisecond, because Node would read its `promises`.
const timers = process.getBuiltinModule('node:timers');
const setTimeout: typeof globalThis.setTimeout = original('setTimeout', timers.setTimeout);
const clearTimeout: typeof globalThis.clearTimeout = original('clearTimeout', timers.clearTimeout);
const setImmediate: typeof globalThis.setImmediate = original('setImmediate', timers.setImmediate);
const clearImmediate = original('clearImmediate', timers.clearImmediate);
const nextTick: typeof process.nextTick = original('nextTick', process.nextTick);
// `performance` is not used, because its first use costs a process a millisecond.
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
 * The longest delay that Node's timers accept, in milliseconds. A timer with a longer delay would fire
 * immediately.
 */
export const maxTimerMs = 0x7fff_ffff;

/** The captured functions. */
export const realTimers: {
  setTimeout: typeof setTimeout;
  clearTimeout: typeof clearTimeout;
  setImmediate: typeof setImmediate;
} = { setTimeout, clearTimeout, setImmediate };

/** A turn of the event loop. `endedAt` is set when the turn has ended. */
interface Turn {
  endedAt: number;
}

let turn: Turn | undefined;

/** Returns the running turn. All waits that begin in one turn share one object. */
function thisTurn(): Turn {
  if (turn !== undefined) return turn;
  const running: Turn = { endedAt: 0 };
  turn = running;
  nextTick(() => {
    running.endedAt = clock();
    turn = undefined;
  });
  return running;
}

/**
 * Calls `act` `ms` milliseconds after the end of this turn, but only after everything that arrived meanwhile
 * has been read. Otherwise, after a blocked loop or a stopped process, `act` would run before the pipes are
 * read. The time counts from the turn's end, because messages leave then. If the turn blocks, the other side
 * cannot answer yet. Returns a function that cancels the call of `act`. With `holdsLoop: false` the wait does
 * not keep the process alive.
 */
export function afterPatience(ms: number, act: () => void, holdsLoop = true): () => void {
  const waitMs = Math.min(ms, maxTimerMs);
  const begun = thisTurn();
  let immediate: NodeJS.Immediate | undefined;
  let timer: NodeJS.Timeout;
  const wait = (delayMs: number): void => {
    timer = setTimeout(expire, delayMs);
    if (!holdsLoop) timer.unref();
  };
  const expire = (): void => {
    const leftMs = begun.endedAt + waitMs - clock();
    // Node's timers are exact to a millisecond.
    if (leftMs > 1) wait(leftMs);
    else immediate = setImmediate(act);
  };
  wait(waitMs);
  return () => {
    clearTimeout(timer);
    if (immediate !== undefined) clearImmediate(immediate);
  };
}

/** {@link afterPatience} in the form that p-timeout accepts. */
export const patientTimers: Pick<typeof realTimers, 'setTimeout' | 'clearTimeout'> = {
  setTimeout: ((act: () => void, ms: number) => afterPatience(ms, act)) as unknown as typeof setTimeout,
  clearTimeout: ((stop?: () => void) => stop?.()) as unknown as typeof clearTimeout,
};

/** Milliseconds on a clock that no test fakes and no user can set back. */
export function clock(): number {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1_000 + nanoseconds / 1_000_000;
}

/**
 * Resolves after `ms`, or as soon as `until` resolves or rejects. Resolves to true if `until` settled. If
 * bytes that arrived in time settle `until`, the result is true, even if these bytes are read only
 * afterwards. Leaves no timer behind.
 */
export function settlesWithin(until: Promise<unknown>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const stop = ms === Infinity ? undefined : afterPatience(ms, () => resolve(false));
    const settled = (): void => {
      stop?.();
      resolve(true);
    };
    until.then(settled, settled);
  });
}

/** A promise, with the function that resolves it. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T | PromiseLike<T>): void;
}

/**
 * Returns a promise and the function that resolves it. The promise rejects only if it is resolved with a
 * promise that rejects.
 */
export function defer<T>(): Deferred<T> {
  let resolve!: (value: T | PromiseLike<T>) => void;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
