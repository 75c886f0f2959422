/** How long to wait before the next restart. This file is pure. */

export interface Backoff {
  /** The longest first delay in milliseconds. */
  readonly initialDelayMs: number;
  /** The maximum of every delay, in milliseconds. */
  readonly maxDelayMs: number;
}

/**
 * Returns the delay before attempt number `attempt`, counted from 0. It is between half and the whole of
 * `initialDelayMs` doubled `attempt` times. The cap is applied before the jitter. If the jitter were cut off
 * at the cap, processes that failed together would restart together once they had reached it. `random` is
 * from 0 up to 1.
 */
export function backoffDelay(
  attempt: number,
  { initialDelayMs, maxDelayMs }: Backoff,
  random: number,
): number {
  const longest = Math.min(initialDelayMs * 2 ** attempt, maxDelayMs);
  return longest / 2 + (longest / 2) * random;
}
