// Functions that wait for at most a given time. A promise that does not settle in this time is reported as a
// fault, and the program continues without it.
import { happensWithin } from '../../testing/happens-within.mjs';

/**
 * Settles in the same way as `promise`. If `promise` is still pending after `ms`, rejects with a
 * `STILL_PENDING` error whose message begins with `what`.
 */
export async function within(ms, what, promise) {
  const { pass, message } = await happensWithin(promise, ms);
  if (!pass) throw Object.assign(new Error(`${what}: ${message()}`), { code: 'STILL_PENDING' });
  return promise;
}

/** Calls `ask` until it returns true, and resolves with the elapsed milliseconds. Rejects after `ms`. */
export async function until(ms, what, ask) {
  const { pass, tookMs, message } = await happensWithin(ask, ms);
  if (!pass) throw new Error(`${what}: ${message()}`);
  return tookMs;
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
