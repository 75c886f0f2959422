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

/** The captured functions, in the form that p-timeout accepts. */
export const realTimers: {
  setTimeout: typeof setTimeout;
  clearTimeout: typeof clearTimeout;
  setImmediate: typeof setImmediate;
} = { setTimeout, clearTimeout, setImmediate };

/**
 * Timers for a wait that an event may end early. Everything that has arrived meanwhile is read before the
 * time counts as over. Otherwise, after a blocked loop or a stopped process, the timers would fire before the
 * pipes are read.
 */
export const patientTimers: Pick<typeof realTimers, 'setTimeout' | 'clearTimeout'> = {
  setTimeout: ((act: () => void, ms: number) => setTimeout(() => setImmediate(act), ms)) as typeof setTimeout,
  clearTimeout,
};

/**
 * Calls `act` after `ms` milliseconds, but only after everything that arrived meanwhile has been read. The
 * timers in {@link patientTimers} wait in the same way. Returns a function that cancels the call of `act`.
 * With `holdsLoop: false` the wait does not keep the process alive.
 */
export function afterPatience(ms: number, act: () => void, holdsLoop = true): () => void {
  let immediate: NodeJS.Immediate | undefined;
  const timer = setTimeout(
    () => {
      immediate = setImmediate(act);
    },
    Math.min(ms, maxTimerMs),
  );
  if (!holdsLoop) timer.unref();
  return () => {
    clearTimeout(timer);
    if (immediate !== undefined) clearImmediate(immediate);
  };
}

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
    // A timer of Node with the delay Infinity would fire immediately.
    const expire = (): void => resolve(false);
    const timer = ms === Infinity ? undefined : patientTimers.setTimeout(expire, Math.min(ms, maxTimerMs));
    const settled = (): void => {
      clearTimeout(timer);
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
