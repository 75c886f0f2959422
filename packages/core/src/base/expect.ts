/**
 * Checks options. The error for an invalid option has the option's name, the expected value and the received
 * value.
 */

import { inspect } from 'node:util';
import { PipeworkError } from './errors.ts';
import { isAbortSignal } from './realm.ts';
import { maxTimerMs } from './timers.ts';

/**
 * Throws `CONFIG_INVALID` if `holds` is false. If `came` is not given, the message has only the expectation.
 */
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

/** Throws if `value` is not an object, or has a key that is not among `keys`. */
export function expectKeys(name: string, value: unknown, keys: readonly string[], hint = ''): void {
  expect(isObject(value), name, `an object of ${keys.join(', ')}`, value);
  const other = Object.keys(value as object).find((key) => !keys.includes(key));
  expect(other === undefined, name, `made of ${keys.join(', ')}, not ${other}${hint}`);
}

/** Throws if `value` is not a list of functions. */
export function expectFunctions(name: string, value: unknown): void {
  expect(
    isListOf(value, (entry) => typeof entry === 'function'),
    name,
    'a list of functions',
    value,
  );
}

/** Throws if `factory` is not a function that makes `what`. */
export function expectFactory(name: string, what: string, factory: unknown): void {
  const expected = `a function that makes ${what}`;
  expect(typeof factory === 'function', name, expected, factory);
  const example = `${expected}, such as () => new ${factory.name || 'Class'}()`;
  expect(!isClass(factory), name, example, factory);
}

/** Returns true for a class. A class cannot be a factory, because factories are called without `new`. */
function isClass(factory: object): boolean {
  return /^class\b/.test(Function.prototype.toString.call(factory));
}

/**
 * Throws if `value` is not a duration. 0 and Infinity are valid, and so is any number of milliseconds that a
 * timer accepts.
 */
export function expectDuration(name: string, value: unknown): void {
  const fits = typeof value === 'number' && value >= 0 && (value <= maxTimerMs || value === Infinity);
  expect(fits, name, `milliseconds, from 0 to ${maxTimerMs}, or Infinity`, value);
}

/** Throws unless `signal` is absent or an AbortSignal. */
export function expectSignal(signal: unknown): void {
  expect(signal === undefined || isAbortSignal(signal), 'signal', 'an AbortSignal', signal);
}

/**
 * Throws if `value` is not an object of environment variables, each with a text or `undefined` as its value.
 */
export function expectVariables(name: string, value: unknown): void {
  expect(isObject(value), name, 'an object of variables', value);
  for (const [key, entry] of Object.entries(value as object)) {
    // The system treats the part before the first `=` as the name. So `A=B` would set A, which may be a
    // variable of the handshake.
    expect(!/[=\0]/.test(key), name, 'made of names that an environment can hold, without =', key);
    expect(
      entry === undefined || (typeof entry === 'string' && !entry.includes('\0')),
      `${name}.${key}`,
      'a text, or undefined',
      entry,
    );
  }
}

/**
 * True if `list` is a list and `fits` returns true for every entry. A hole in the list counts as undefined.
 */
export function isListOf(list: unknown, fits: (entry: unknown) => boolean): boolean {
  return Array.isArray(list) && Array.from(list).every((entry) => fits(entry));
}

/** True for a text that is not empty and that the operating system accepts. */
export function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && !value.includes('\0');
}

/** True for a Node stream, or a similar object that has `method` and reports its state by events. */
export function isStream(value: unknown, method: 'pipe' | 'write'): boolean {
  return [method, 'on', 'once', 'off'].every((needed) => isObject(value, needed));
}

/** True for an object. If `method` is given, the object must have this method. */
export function isObject(value: unknown, method?: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return method === undefined || typeof (value as Record<string, unknown>)[method] === 'function';
}
