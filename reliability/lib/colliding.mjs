// Numbers that have the same hash in V8. A peer can choose such numbers, because V8's hash of integers has no
// seed.

/**
 * Returns a bigint of 11 bytes in MessagePack. V8 hashes only the bigint's lowest 64 bits. These bits are the
 * same for every `index`.
 */
export const collidingBigint = (index) =>
  Buffer.concat([Buffer.from([0xc7, 12, 0x50, 0x4e, index >>> 16, index >>> 8, index]), Buffer.alloc(8, 7)]);

/** Returns a u32 whose hash ends in the same 15 bits for every index below 131,072. */
export function collidingId(index) {
  let id = unshift(index * 32_768 + 77, 16);
  id = unshift(Math.imul(id, inverseOf(2057)), 4);
  id = unshift(Math.imul(id, inverseOf(5)), 12);
  return Math.imul(id + 1, inverseOf(32_767)) >>> 0;
}

/** Undoes `value ^= value >>> bits`. */
function unshift(value, bits) {
  let made = value;
  for (let known = bits; known < 32; known += bits) made = value ^ (made >>> bits);
  return made;
}

/** Returns the inverse of an odd number. The product of the two is 1 modulo 2^32. */
function inverseOf(odd) {
  let inverse = odd;
  for (let bits = 3; bits < 32; bits *= 2) inverse = Math.imul(inverse, 2 - Math.imul(odd, inverse));
  return inverse;
}
