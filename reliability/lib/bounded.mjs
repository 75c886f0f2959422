// Waiting that ends: a promise that does not settle in time is a finding, not a hang of the program that looks for it.
import { happensWithin } from '../../testing/happens-within.mjs';

/** Resolves as the promise does, or rejects with a `STILL_PENDING` error that names what was waited for. */
export async function within(ms, what, promise) {
  const { pass, message } = await happensWithin(promise, ms);
  if (!pass) throw Object.assign(new Error(`${what}: ${message()}`), { code: 'STILL_PENDING' });
  return promise;
}

/** Asks until the answer is true; how long that took in ms. Rejects when it is not true in time. */
export async function until(ms, what, ask) {
  const { pass, tookMs, message } = await happensWithin(ask, ms);
  if (!pass) throw new Error(`${what}: ${message()}`);
  return tookMs;
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
