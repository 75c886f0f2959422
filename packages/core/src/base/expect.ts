/** Checking options: misuse is told at once, naming the option, what was expected, and what came. */

import { inspect } from 'node:util';
import { PipeworkError } from './errors.ts';
import { maxTimerMs } from './timers.ts';

/** Throws `CONFIG_INVALID` if `holds` is false. Without `came` only the expectation is told. */
export function expect(
  holds: boolean,
  name: string,
  expected: string,
  ...came: [value?: unknown]
): asserts holds {
  if (holds) return;
  const text = came[0] === undefined ? 'nothing' : inspect(came[0], { depth: 0, maxStringLength: 60 });
  const got = came.length === 0 ? '' : `; got ${text}`;
  throw new PipeworkError('CONFIG_INVALID', `${name} must be ${expected}${got}`);
}

/** Throws if `value` is no object, or has another key than those. */
export function expectKeys(name: string, value: unknown, keys: readonly string[], hint = ''): void {
  expect(isObject(value), name, `an object of ${keys.join(', ')}`, value);
  const other = Object.keys(value as object).find((key) => !keys.includes(key));
  expect(other === undefined, name, `made of ${keys.join(', ')}, not ${other}${hint}`);
}

/** Throws if `value` is no list of functions. */
export function expectFunctions(name: string, value: unknown): void {
  expect(
    Array.isArray(value) && value.every((entry) => typeof entry === 'function'),
    name,
    'a list of functions',
    value,
  );
}

/** Throws if `value` is no time that a timer takes, 0 and Infinity included. */
export function expectDuration(name: string, value: unknown): void {
  const fits = typeof value === 'number' && value >= 0 && (value <= maxTimerMs || value === Infinity);
  expect(fits, name, `milliseconds, from 0 to ${maxTimerMs}, or Infinity`, value);
}

/** Throws if an object has other values than texts and `undefined`, or one that no environment can hold. */
export function expectVariables(name: string, value: unknown): void {
  expect(isObject(value), name, 'an object of variables', value);
  for (const [key, entry] of Object.entries(value as object)) {
    // Up to its first `=` is what the system takes for the name: `A=B` would set A, be it one of the handshake's.
    expect(!/[=\0]/.test(key), name, 'made of names that an environment can hold, without =', key);
    expect(
      entry === undefined || (typeof entry === 'string' && !entry.includes('\0')),
      `${name}.${key}`,
      'a text, or undefined',
      entry,
    );
  }
}

/** A text that is not empty and that the operating system can take. */
export function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && !value.includes('\0');
}

/** A Node stream, or what behaves like one: it has `method`, and tells what becomes of it by events. */
export function isStream(value: unknown, method: 'pipe' | 'write'): boolean {
  return [method, 'on', 'once', 'off'].every((needed) => isObject(value, needed));
}

/** Returns true for an object. If `method` is given, the object must have it. */
export function isObject(value: unknown, method?: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return method === undefined || typeof (value as Record<string, unknown>)[method] === 'function';
}
