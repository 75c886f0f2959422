// A seeded source of random numbers. The same seed gives the same run, on every machine.

/** @param {number} seed */
export function randomOf(seed) {
  // xorshift128 seeded by splitmix32. The generator is small, fast, and good enough to choose attacks.
  let mixed = seed >>> 0;
  const mix = () => {
    mixed = (mixed + 0x9e3779b9) >>> 0;
    let z = mixed;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
  let [a, b, c, d] = [mix(), mix(), mix(), mix() | 1];
  const next = () => {
    let t = d;
    d = c;
    c = b;
    b = a;
    t ^= t << 11;
    t ^= t >>> 8;
    a = (t ^ a ^ (a >>> 19)) >>> 0;
    return a;
  };
  const random = {
    seed: seed >>> 0,
    u32: next,
    /** An integer from 0 up to `limit`, which is excluded. */
    below: (limit) => next() % limit,
    between: (least, most) => least + (next() % (most - least + 1)),
    chance: (probability) => next() / 2 ** 32 < probability,
    pick: (list) => list[next() % list.length],
    bytes: (length) => {
      const bytes = Buffer.allocUnsafe(length);
      for (let i = 0; i < length; i++) bytes[i] = next();
      return bytes;
    },
    /**
     * A length that is mostly small, and sometimes close to a power of two, because most limits are powers of
     * two.
     */
    length: (most) => {
      if (random.chance(0.7)) return random.below(Math.min(most, 64) + 1);
      const near = 2 ** random.below(Math.floor(Math.log2(most)) + 1) + random.between(-1, 1);
      return Math.max(0, Math.min(most, near));
    },
    /**
     * Returns a separate source for a part of the run, so that its numbers do not depend on the other parts.
     */
    fork: () => randomOf(next()),
  };
  return random;
}
