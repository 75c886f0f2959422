/**
 * Keys of Maps for ids that the peer chooses. V8's hash of integers has no seed, so a peer could choose ids
 * that all have the same place in a Map. Adding 65,000 such ids took 14 s.
 */

// Math.random has a different seed in each process, and the peer sees none of its numbers.
const secret = (): number => (Math.random() * 0x1_0000_0000) | 0;
const mask = secret();
const factor = secret() | 1;
const factorAfter = secret() | 1;

/** Returns the key of a u32 id. Different ids have different keys, which no other process can predict. */
export function idKey(id: number): number {
  const mixed = Math.imul(id ^ mask, factor);
  return Math.imul(mixed ^ (mixed >>> 15), factorAfter);
}
