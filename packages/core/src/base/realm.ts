/**
 * Recognises values by their properties, whichever realm made them. No check uses `instanceof` with a global,
 * because jsdom replaces Node's classes by its own, and a value from a `vm` context is not an instance of
 * this realm's classes.
 */
import { types } from 'node:util';

/** The class `SuppressedError`; undefined before Node 24. */
export const suppressedErrorClass: SuppressedErrorConstructor | undefined = (
  globalThis as { SuppressedError?: SuppressedErrorConstructor }
).SuppressedError;
const builtInErrors = new Map<object, string>(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError].map(
    (Class) => [Class.prototype, Class.name],
  ),
);
if (suppressedErrorClass !== undefined) builtInErrors.set(suppressedErrorClass.prototype, 'SuppressedError');
const builtInNames = new Set(builtInErrors.values());

/**
 * True if a value is an error, including one of another realm, a DOMException, or an object that only
 * inherits from `Error`.
 */
export function isError(value: unknown): value is Error {
  return types.isNativeError(value) || (isObject(value) && builtInErrorOf(value) !== undefined);
}

/**
 * The name of the nearest built-in class of an error: `TypeError`, `DOMException`. Undefined for a value that
 * is not an error.
 */
export function builtInErrorOf(error: object): string | undefined {
  if (hasTag(error, 'DOMException')) return 'DOMException';
  let prototype: unknown = Object.getPrototypeOf(error);
  // A proxy may pretend that its prototype chain never ends, so the number of steps is bounded.
  for (let steps = 0; isObject(prototype) && steps < 64; steps++) {
    const name = builtInErrors.get(prototype) ?? foreignName(prototype);
    if (name !== undefined) return name;
    prototype = Object.getPrototypeOf(prototype);
  }
  return types.isNativeError(error) ? 'Error' : undefined;
}

/** If `prototype` belongs to a built-in error class of another realm, returns the name of this class. */
function foreignName(prototype: object): string | undefined {
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  if (typeof constructor !== 'function' || !builtInNames.has(constructor.name)) return undefined;
  return /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(constructor))
    ? constructor.name
    : undefined;
}

/** True if a value is an abort signal: Node's own, jsdom's, or that of another realm. */
export function isAbortSignal(value: unknown): value is AbortSignal {
  if (!isObject(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // This cheap check rules out most values that are not signals.
  if (prototype === Object.prototype || prototype === Array.prototype) return false;
  return (
    hasTag(value, 'AbortSignal') &&
    typeof (value as AbortSignal).aborted === 'boolean' &&
    typeof (value as AbortSignal).addEventListener === 'function'
  );
}

/** True if a value is a URL of any implementation. */
export function isURL(value: object): value is URL {
  return hasTag(value, 'URL') && typeof (value as URL).href === 'string';
}

/** True if a prototype is the `Object.prototype` of any realm, and not the prototype of a user's class. */
export function isObjectPrototype(prototype: object | null): boolean {
  if (prototype === Object.prototype) return true;
  return (
    prototype !== null &&
    Object.getPrototypeOf(prototype) === null &&
    Object.hasOwn(prototype, 'hasOwnProperty')
  );
}

function hasTag(value: object, tag: string): boolean {
  return (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === tag;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
