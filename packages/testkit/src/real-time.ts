/** Node's own clock and timers, because a test's fake timers must not stop the kit itself. */
import { realTimers } from '@pipework/mux/lean';

export const setRealTimeout: typeof realTimers.setTimeout = realTimers.setTimeout;
export const clearRealTimeout: typeof realTimers.clearTimeout = realTimers.clearTimeout;
export const setRealImmediate: typeof realTimers.setImmediate = realTimers.setImmediate;

/** Returns milliseconds on a clock that only goes forward. */
export const realNow = (): number => realTimers.performance.now();

export const realSleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setRealTimeout(resolve, ms);
  });

/** Resolves when everything that is ready on the event loop has run. */
export const realTurn = (): Promise<void> =>
  new Promise((resolve) => {
    setRealImmediate(resolve);
  });

/**
 * Settles like `promise`, or rejects after `ms` with the error from `late()`. The deadline does not stop the
 * work that settles `promise`. The owner of that work must stop it.
 */
export async function within<T>(promise: PromiseLike<T>, ms: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setRealTimeout(() => {
      reject(late());
    }, ms);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearRealTimeout(timer);
  }
}
