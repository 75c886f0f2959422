/** Tells which numbers msgpackr itself writes in the form that the protocol requires. */

/**
 * False for negative zero, which msgpackr writes as 0, and for integers beyond 32 bits, which it writes as
 * float64.
 */
export function packsAsItIs(value: number): boolean {
  if ((value | 0) === value) return value !== 0 || 1 / value > 0;
  return !Number.isSafeInteger(value) || value >>> 0 === value;
}
