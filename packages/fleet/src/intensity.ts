/**
 * Restart intensity, as in OTP's supervisor: a maximum number of restarts within a period. This file is pure.
 */

export interface Intensity {
  /** How many restarts after a failure are allowed within `withinMs`. */
  readonly atMost: number;
  /** The length of the window in milliseconds. */
  readonly withinMs: number;
}

/** The result of {@link countFailure}. */
export interface Counted {
  /** The times of the failures within the window, oldest first. The last one is the counted failure. */
  readonly failures: readonly number[];
  readonly mayRestart: boolean;
}

/**
 * Counts a failure at `now`, before the restart that follows it. A restart that fails is a further failure.
 * Times are milliseconds of one clock that is never set back.
 */
export function countFailure(
  failures: readonly number[],
  now: number,
  { atMost, withinMs }: Intensity,
): Counted {
  const recent = [...failures.filter((at) => now - at < withinMs), now];
  return { failures: recent, mayRestart: recent.length <= atMost };
}
