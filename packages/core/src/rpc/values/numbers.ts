/** Decides which numbers msgpackr writes in the form that the protocol requires. */

/**
 * Returns false for negative zero and for integers beyond 32 bits. msgpackr would write negative zero as 0,
 * and such an integer as float64.
 */
export function packsAsItIs(value: number): boolean {
  if ((value | 0) === value) return value !== 0 || 1 / value > 0;
  return !Number.isSafeInteger(value) || value >>> 0 === value;
}
