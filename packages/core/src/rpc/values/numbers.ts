/** Which numbers msgpackr writes as the protocol has them. */

/** False for negative zero, of which msgpackr makes 0, and for integers beyond 32 bits, of which it makes float64. */
export function packsAsItIs(value: number): boolean {
  if ((value | 0) === value) return value !== 0 || 1 / value > 0;
  return !Number.isSafeInteger(value) || value >>> 0 === value;
}
