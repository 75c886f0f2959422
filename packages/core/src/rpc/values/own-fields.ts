/**
 * Copies of objects and lists whose fields are read once each, because a getter or a proxy may answer
 * differently the next time.
 */
import { types } from 'node:util';
import { setOwn } from '../../base/own-property.ts';

/** A list longer than this is copied as a whole, which is then faster than item by item. */
const shortList = 16;

/**
 * True if reading the first fields of an object or list ran no code of the user, so that a second read gives
 * the same values. This looks at the first `count` fields with everything inside them, and at the next field
 * without its contents.
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

/** Reads the fields of an object that its copy lacks, and adds them to the copy. Returns the copy. */
export function addFields(copy: Record<string, unknown>, object: object): Record<string, unknown> {
  for (const key of Object.keys(object))
    if (!Object.hasOwn(copy, key)) setOwn(copy, key, (object as Record<string, unknown>)[key]);
  return copy;
}

/** Copies the items of a list into a list of our own, reading each once. */
export function itemsOf(list: readonly unknown[]): unknown[] {
  const { length } = list;
  if (length > shortList && Object.getPrototypeOf(list) === Array.prototype && !types.isProxy(list))
    return list.slice();
  const items = new Array<unknown>(length);
  for (let index = 0; index < length; index++) items[index] = list[index];
  return items;
}
