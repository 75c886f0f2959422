import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compacted, defineOwn, indexOf, setOwn, setOwnOf } from './own-property.ts';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/**
 * Returns the number of bytes that each of 2,000 objects holds. Other allocations of this process can only
 * increase a measurement, so the smallest of five measurements counts.
 */
function bytesOfEach(make: () => object): number {
  return Math.min(...Array.from({ length: 5 }, () => measured(make)));
}

function measured(make: () => object): number {
  const held: object[] = [];
  gc();
  const before = process.memoryUsage().heapUsed;
  for (let n = 0; n < 2_000; n++) held.push(make());
  gc();
  return (process.memoryUsage().heapUsed - before) / held.length;
}

const keys = ['1020', '2500', '3300'];
const filled = (set: (target: Record<string, unknown>, key: string) => void): object => {
  const target = {};
  for (const key of keys) set(target, key);
  return target;
};

describe('an object with a few keys that are indexes holds', () => {
  test('kilobytes if the keys are simply assigned, which is why own-property.ts exists', () => {
    expect(bytesOfEach(() => filled((target, key) => (target[key] = 1)))).toBeGreaterThan(8_000);
  });

  test.each<[string, () => object]>([
    ['if they are set', () => filled((target, key) => setOwn(target, key, 1))],
    ['if they are set with the number of keys', () => filled((target, key) => setOwnOf(3, target, key, 1))],
    ['if they are defined', () => filled((target, key) => defineOwn(target, key, 1))],
    ['if the object is a copy that was compacted', () => compacted({ 1020: 1, 2500: 1, 3300: 1, a: 1 })],
    [
      'if an error has them',
      () =>
        Object.assign(
          filled((target, key) => defineOwn(target, key, 1)),
          { a: 1 },
        ),
    ],
  ])('300 bytes at most %s', (_how, make) => {
    expect(bytesOfEach(make)).toBeLessThan(300);
  });
});

test('setOwn() and defineOwn() make an ordinary property for every key', () => {
  for (const key of ['a', '0', '5', '6', '1020', '4294967294', '4294967295', '__proto__', 'constructor']) {
    for (const set of [setOwn, defineOwn]) {
      const record: Record<string, unknown> = {};
      set(record, key, 1);
      set(record, key, 2);
      expect(Object.getOwnPropertyDescriptor(record, key)).toEqual({
        value: 2,
        enumerable: true,
        writable: true,
        configurable: true,
      });
      expect(Object.getPrototypeOf(record)).toBe(Object.prototype);
      expect(Object.keys(record)).toEqual([key]);
    }
  }
});

test('a compacted copy has the same keys and values', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.oneof(fc.nat().map(String), fc.constant('__proto__'), fc.string()), fc.nat()), (record) => {
      const copy = compacted({ ...record });
      expect(copy).toEqual({ ...record });
      expect(Object.keys(copy)).toEqual(Object.keys(record));
    }),
  ); // prettier-ignore
});

test('indexOf() recognises exactly the keys that JavaScript lists before all others', () => {
  for (const key of ['0', '7', '10', '4294967294']) expect(indexOf(key)).toBe(Number(key));
  for (const key of ['', '00', '01', '-1', '1.5', '1e3', ' 1', 'a', '4294967295', '99999999999'])
    expect(indexOf(key)).toBe(-1);
});
