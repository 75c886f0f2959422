/**
 * Sets own properties under keys that another process chose. V8 keeps the properties with index-like keys in
 * an array with room for every smaller index. So an object with the single key 1020 takes 12 KB. If one of
 * these properties was ever defined in another way than by assignment, V8 keeps all of them in a table, where
 * a property takes 72 bytes or less.
 */

/** Up to this index, an array costs no more than a table. */
const firstIndexes = 6;

/** If V8 treats a key as an index, returns this index; otherwise -1. */
export function indexOf(key: string): number {
  const { length } = key;
  if (length === 0 || length > 10) return -1;
  let index = 0;
  for (let at = 0; at < length; at++) {
    const digit = key.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9 || (digit === 0 && at === 0 && length > 1)) return -1;
    index = index * 10 + digit;
  }
  return index < 0xffff_ffff ? index : -1;
}

/** True if an object with `count` keys needs a table for `index`, because an array would be mostly empty. */
export function isSparse(index: number, count: number): boolean {
  return index >= 3 * count + 3;
}

/**
 * Sets an own property, even one named `__proto__`. A key that is an index costs no more than any other key.
 */
export function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__' || indexOf(key) >= firstIndexes) defineOwn(target, key, value);
  else target[key] = value;
}

/** Like {@link setOwn}, for an object that may inherit a setter or a read-only property of that name. */
export function defineOwn(target: object, key: string, value: unknown): void {
  if (indexOf(key) >= firstIndexes && !Object.hasOwn(target, key)) define(target, key, value, false);
  define(target, key, value, true);
}

/** Sets an own property of an object that will have `count` keys. */
export function setOwnOf(count: number, target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__' || isSparse(indexOf(key), count)) setOwn(target, key, value);
  else target[key] = value;
}

/**
 * Returns `record`. If the record's indexes are sparse, returns a copy that keeps them in a table. Use this
 * function for a record that was made by `{ ...record }` or `Object.fromEntries()`, which keep indexes in an
 * array.
 */
export function compacted<T extends object>(record: T): T {
  // JavaScript lists indexes before all other keys.
  for (const first in record) {
    return indexOf(first) < 0 ? record : withTable(record);
  }
  return record;
}

function withTable<T extends object>(record: T): T {
  const keys = Object.keys(record);
  const last = keys.findLast((key) => indexOf(key) >= 0) ?? '';
  if (!isSparse(indexOf(last), keys.length)) return record;
  const copy: Record<string, unknown> = {};
  // As soon as V8 keeps a table, it also puts every further index into the table.
  defineOwn(copy, last, undefined);
  for (const key of keys) {
    const value = (record as Record<string, unknown>)[key];
    if (key === '__proto__') defineOwn(copy, key, value);
    else copy[key] = value;
  }
  return copy as T;
}

function define(target: object, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(target, key, { value, enumerable, writable: true, configurable: true });
}
