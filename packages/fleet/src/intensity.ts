/** Restart intensity, as OTP's supervisor has it: so many restarts within such a time, and no more. Pure. */

export interface Intensity {
  /** How many restarts after a failure are allowed within `withinMs`. */
  readonly atMost: number;
  /** The length of the window in milliseconds. */
  readonly withinMs: number;
}

/** What {@link countFailure} found. */
export interface Counted {
  /** The times of the failures within the window, this one included, oldest first. */
  readonly failures: readonly number[];
  readonly mayRestart: boolean;
}

/**
 * Counts a failure at `now`. The count comes before the restart, so a restart that fails again counts as well. Times are milliseconds of
 * one clock that is never set back.
 */
export function countFailure(
  failures: readonly number[],
  now: number,
  { atMost, withinMs }: Intensity,
): Counted {
  const recent = [...failures.filter((at) => now - at < withinMs), now];
  return { failures: recent, mayRestart: recent.length <= atMost };
}
