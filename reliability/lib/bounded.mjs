// Waits that end. A promise that does not settle in time is a finding. It must not hang the program that
// looks for it.
import { happensWithin } from '../../testing/happens-within.mjs';

/** Settles as the promise does, or rejects with a `STILL_PENDING` error that names the awaited event. */
export async function within(ms, what, promise) {
  const { pass, message } = await happensWithin(promise, ms);
  if (!pass) throw Object.assign(new Error(`${what}: ${message()}`), { code: 'STILL_PENDING' });
  return promise;
}

/**
 * Asks until the answer is true, and resolves with how long that took in ms. Rejects if it is not true in
 * time.
 */
export async function until(ms, what, ask) {
  const { pass, tookMs, message } = await happensWithin(ask, ms);
  if (!pass) throw new Error(`${what}: ${message()}`);
  return tookMs;
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
