// Waits that always end. If a promise does not settle in time, that is a finding, and must not hang the
// program.
import { happensWithin } from '../../testing/happens-within.mjs';

/** Settles as the promise does, or rejects with a `STILL_PENDING` error that names the awaited event. */
export async function within(ms, what, promise) {
  const { pass, message } = await happensWithin(promise, ms);
  if (!pass) throw Object.assign(new Error(`${what}: ${message()}`), { code: 'STILL_PENDING' });
  return promise;
}

/** Calls `ask` until it returns true, and resolves with how many ms that took. Rejects after `ms`. */
export async function until(ms, what, ask) {
  const { pass, tookMs, message } = await happensWithin(ask, ms);
  if (!pass) throw new Error(`${what}: ${message()}`);
  return tookMs;
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
