/**
 * Copies objects and lists, and reads each of their fields once, because a getter or a proxy may return
 * another value the next time.
 */
import { types } from 'node:util';
import { setOwn } from '../../base/own-property.ts';

/** A list longer than this is copied by `slice()`, which is faster for long lists than a loop. */
const shortList = 16;

/**
 * Returns true if reading the first `count + 1` fields of an object or list ran no code of the user. In this
 * case a second read gives the same values. The values of the first `count` fields are checked at every
 * depth. Of the next field, only the property itself is checked, and not the contents of its value.
 */
export function isTame(holder: object, count: number): boolean {
  if (types.isProxy(holder)) return false;
  const keys = Object.keys(holder);
  for (let index = 0; index <= count && index < keys.length; index++) {
    const field = Object.getOwnPropertyDescriptor(holder, keys[index]!);
    if (field === undefined || !('value' in field)) return false;
    const value: unknown = field.value;
    if (index < count && typeof value === 'object' && value !== null && !isTame(value, Infinity))
      return false;
  }
  return true;
}

/** Adds the fields of `object` that `copy` lacks to `copy`. Returns the copy. */
export function addFields(copy: Record<string, unknown>, object: object): Record<string, unknown> {
  for (const key of Object.keys(object))
    if (!Object.hasOwn(copy, key)) setOwn(copy, key, (object as Record<string, unknown>)[key]);
  return copy;
}

/** Returns a new list with the items of `list`. Reads each item once. */
export function itemsOf(list: readonly unknown[]): unknown[] {
  const { length } = list;
  if (length > shortList && Object.getPrototypeOf(list) === Array.prototype && !types.isProxy(list))
    return list.slice();
  const items = new Array<unknown>(length);
  for (let index = 0; index < length; index++) items[index] = list[index];
  return items;
}
