import { describe, expect, test } from 'vitest';
import { idKey, IdMap } from './id-map.ts';

/**
 * Returns V8's hash of an integer. A Map searches for a key among the keys whose hashes have the same lowest
 * bits.
 */
function hashOf(key: number): number {
  let hash = key | 0;
  hash = ~hash + (hash << 15);
  hash ^= hash >>> 12;
  hash += hash << 2;
  hash ^= hash >>> 4;
  hash = Math.imul(hash, 2057);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Returns the integer that has this hash. */
function idOfHash(hash: number): number {
  const unshift = (value: number, bits: number): number => {
    let made = value;
    for (let known = bits; known < 32; known += bits) made = value ^ (made >>> bits);
    return made;
  };
  let id = unshift(hash, 16);
  id = Math.imul(id, inverseOf(2057));
  id = unshift(id, 4);
  id = Math.imul(id, inverseOf(5));
  id = unshift(id, 12);
  return Math.imul(id + 1, inverseOf(32_767)) >>> 0;
}

/** Returns the number whose product with `odd` is 1, in arithmetic of 32 bits. */
function inverseOf(odd: number): number {
  let inverse = odd;
  for (let bits = 3; bits < 32; bits *= 2) inverse = Math.imul(inverse, 2 - Math.imul(odd, inverse));
  return inverse;
}

/**
 * Sorts the numbers into the 32,768 places that a Map would have. Returns how many are in the fullest place.
 */
function mostInOnePlace(numbers: readonly number[]): number {
  const places = new Uint32Array(32_768);
  for (const one of numbers) {
    const place = hashOf(one) & 32_767;
    places[place] = (places[place] ?? 0) + 1;
  }
  return Math.max(...places);
}

/** 65,536 ids that a hostile peer could choose, because all of them have the same place in a Map. */
const colliding = Array.from({ length: 65_536 }, (_, n) => idOfHash(n * 32_768 + 77));

test('the chosen ids differ, but all have the same place in a Map', () => {
  expect(new Set(colliding).size).toBe(65_536);
  expect(mostInOnePlace(colliding)).toBe(65_536);
});

describe('the keys that are made of ids', () => {
  test('are in many places, even if the ids were chosen to have the same place', () => {
    expect(mostInOnePlace(colliding.map(idKey))).toBeLessThan(30);
  });

  test.each<[string, (n: number) => number]>([
    ['that follow each other', (n) => n],
    ['that are even', (n) => 2 * n],
    ['that differ in their highest bits', (n) => n * 65_536],
  ])('are in many places if they are made of ids %s', (_which, idOf) => {
    expect(mostInOnePlace(Array.from({ length: 65_536 }, (_, n) => idKey(idOf(n) >>> 0)))).toBeLessThan(30);
  });

  test('differ for different ids', () => {
    const ids = [0, 1, 2, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff, ...colliding];
    expect(new Set(ids.map(idKey)).size).toBe(new Set(ids).size);
  });
});

test('a map of ids returns a value for its own id only, and lists the values in the order in which they were set', () => {
  const map = new IdMap<string>();
  map.set(0xffff_ffff, 'last');
  map.set(0, 'first');
  expect([map.get(0), map.get(0xffff_ffff), map.get(1), map.has(1), map.size]).toEqual([
    'first',
    'last',
    undefined,
    false,
    2,
  ]);
  expect([...map.values()]).toEqual(['last', 'first']);
  expect([map.delete(0), map.delete(0), map.has(0)]).toEqual([true, false, false]);
  map.clear();
  expect(map.size).toBe(0);
});
