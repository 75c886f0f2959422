// Small values of every kind that can be sent. A run needs many of these values, so making one is fast.

// Lengths close to a limit. MessagePack's headers, a decoder's fast path and the forms of a table have such
// limits.
const edges = [0, 1, 2, 7, 8, 15, 16, 23, 24, 31, 32, 33, 63, 64, 65, 127, 128, 255, 256, 257, 1_000];
// The last three alphabets have characters of two, three and four bytes. One of these characters is the byte
// order mark, which decoders tend to drop.
const alphabets = ['a', 'abcdefghij', 'a"\\\n\u0000', 'äß€', '\uFEFF\u2028€', '😀𝔸'];

const number = (random) => {
  switch (random.below(6)) {
    case 0:
      return random.between(-40, 300);
    case 1:
      return random.u32() - 2 ** 31;
    case 2:
      return (random.u32() - 2 ** 31) * random.below(2 ** 21);
    case 3:
      return random.u32() / 2 ** random.below(60);
    case 4:
      return random.pick([
        0,
        -0,
        NaN,
        Infinity,
        -Infinity,
        2 ** 53 - 1,
        -(2 ** 53) + 1,
        2 ** 31,
        -(2 ** 31),
        5e-324,
      ]);
    default:
      return random.pick([127, 128, 255, 256, 32_767, 32_768, 65_535, 65_536, -32, -33, -128, -129, -32_769]);
  }
};

const text = (random) => {
  const characters = Array.from(random.pick(alphabets));
  const length = random.chance(0.3) ? random.pick(edges) : random.below(20);
  let made = '';
  for (let i = 0; i < length; i++) made += random.pick(characters);
  return made;
};

const bigint = (random) => {
  const most = 2n ** BigInt(random.pick([8, 31, 53, 63, 64, 65, 130]));
  return (random.chance(0.5) ? -1n : 1n) * (most + BigInt(random.between(-2, 2)));
};

const scalar = (random) => {
  switch (random.below(10)) {
    case 0:
    case 1:
    case 2:
      return number(random);
    case 3:
    case 4:
    case 5:
      return text(random);
    case 6:
      return bigint(random);
    case 7:
      return random.bytes(random.pick(edges));
    case 8:
      return new Date(random.u32() * random.below(1_000) - 2 ** 40);
    default:
      return random.pick([null, undefined, true, false]);
  }
};

/**
 * Returns objects that have the same fields. The values of a field have the same kind in all objects.
 * Sometimes one object differs.
 */
const records = (random) => {
  const kinds = Array.from({ length: random.between(1, 6) }, () =>
    random.pick([
      number,
      text,
      bigint,
      scalar,
      (r) => r.between(-200, 200),
      (r) => r.chance(0.5),
      (r) => smallValue(r, 1),
    ]),
  );
  const list = Array.from({ length: random.pick([1, 7, 8, 9, 20, 100]) }, () =>
    Object.fromEntries(kinds.map((kind, i) => [`key ${i}`, kind(random)])),
  );
  if (random.chance(0.2)) random.pick(list)['key 0'] = scalar(random);
  if (random.chance(0.1)) delete random.pick(list)['key 0'];
  return list;
};

/**
 * Returns a value that core's fast path for small messages may encode. The value's depth and width exceed the
 * limits of this path by at most one.
 */
const plain = (random, depth) => {
  const inner = () => plain(random, depth + random.pick([1, 1, 1, 3]));
  const count = random.pick([0, 1, 2, 3, 4, 7, 8, 15, 16]) >> (depth > 2 ? 3 : 0);
  switch (depth > 8 ? 9 : random.below(depth === 0 ? 6 : 10)) {
    case 0:
    case 1:
    case 2:
      return Object.fromEntries(Array.from({ length: count }, (_, i) => [`${text(random)}${i}`, inner()]));
    case 3:
    case 4:
      return Array.from({ length: count }, inner);
    case 5:
      return Object.fromEntries(Array.from({ length: count }, (_, i) => [`field${i}`, inner()]));
    default:
      return random.pick([number, text, (r) => r.chance(0.5), () => undefined, () => null])(random);
  }
};

/** @param {ReturnType<import('./random.mjs').randomOf>} random */
export function smallValue(random, depth = 0) {
  if (depth === 0 && random.chance(0.3)) return plain(random, 0);
  const some = () => Array.from({ length: random.below(6) }, () => smallValue(random, depth + 1));
  if (depth > 3 || random.chance(0.6)) return scalar(random);
  switch (random.below(6)) {
    case 0:
      return depth === 0 ? records(random) : scalar(random);
    case 1:
      return Object.fromEntries(some().map((value) => [text(random).replace('__proto__', ''), value]));
    case 2:
      return new Map(some().map((value) => [scalar(random), value]));
    case 3:
      return new Set(some());
    default:
      return some();
  }
}
