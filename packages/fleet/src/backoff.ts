/** Computes the delay before a restart. This file is pure. */

export interface Backoff {
  /** The maximum of the first delay, in milliseconds. */
  readonly initialDelayMs: number;
  /** The maximum of every delay, in milliseconds. */
  readonly maxDelayMs: number;
}

/**
 * Returns the delay before attempt number `attempt`, counted from 0. The delay's maximum is `initialDelayMs`,
 * doubled `attempt` times, but no more than `maxDelayMs`. `random`, a number from 0 up to 1, places the delay
 * between half of that maximum and the whole maximum. `maxDelayMs` limits the maximum, and not the delay
 * itself. If `maxDelayMs` limited the delay, processes that failed together could all wait for exactly that
 * time, and restart together.
 */
export function backoffDelay(
  attempt: number,
  { initialDelayMs, maxDelayMs }: Backoff,
  random: number,
): number {
  const longest = Math.min(initialDelayMs * 2 ** attempt, maxDelayMs);
  return longest / 2 + (longest / 2) * random;
}
