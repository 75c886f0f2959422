/** Copies of objects and lists whose fields are read once each: a getter, or a proxy, may answer otherwise the next time. */
import { types } from 'node:util';

/** A longer list is copied as a whole, which is faster than item by item. */
const shortList = 16;

/** Sets a property of the object itself, also one named `__proto__`. */
export function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') target[key] = value;
  else Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
}

/**
 * Whether reading the first fields of an object or list ran no code: `count` of them with all that they hold, and the next one alone.
 * Where it ran none, what is read a second time is found to be the same, or is as good as read for the first time.
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

/** Reads the fields of an object that its copy does not have yet, and adds them to the copy. Returns the copy. */
export function addFields(copy: Record<string, unknown>, object: object): Record<string, unknown> {
  for (const key of Object.keys(object))
    if (!Object.hasOwn(copy, key)) setOwn(copy, key, (object as Record<string, unknown>)[key]);
  return copy;
}

/** Reads the items of a list into a list of our own. */
export function itemsOf(list: readonly unknown[]): unknown[] {
  const { length } = list;
  if (length > shortList && Object.getPrototypeOf(list) === Array.prototype && !types.isProxy(list))
    return list.slice();
  const items = new Array<unknown>(length);
  for (let index = 0; index < length; index++) items[index] = list[index];
  return items;
}
