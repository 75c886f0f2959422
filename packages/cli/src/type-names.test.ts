import { expect, test } from 'vitest';
import { uniqueName, type TakenNames } from './type-names.ts';

test('names that begin alike have different numbers', () => {
  const taken: TakenNames = new Map([['Plugins', 1]]);
  const names = ['kv', 'Kv2', 'kv', 'kv', 'Kv3', 'plugins', 'promise', '', '\u4e00', '\u4e01'];
  expect(names.map((name) => uniqueName(name, taken))).toEqual([
    'Kv',
    'Kv2',
    'Kv3',
    'Kv4',
    'Kv32',
    'Plugins2',
    'TypePromise',
    'Type',
    'Type2',
    'Type3',
  ]);
});

test('uniqueName() looks up each name only a few times, even if all names begin alike', () => {
  let lookups = 0;
  const taken = new (class extends Map<string, number> {
    override has(name: string): boolean {
      lookups += 1;
      return super.has(name);
    }
  })();
  const names = Array.from({ length: 1_000 }, (_, index) => uniqueName(`kv \u4e00${index % 2}`, taken));
  expect(new Set(names).size).toBe(1_000);
  expect(lookups).toBeLessThan(5_000);
});
