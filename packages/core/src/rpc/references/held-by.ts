/** Finds the references and streams in a received value. */
import { types } from 'node:util';
import { isError } from '../../base/realm.ts';
import { isMarkedObject } from '../remote/stand-in.ts';

/** Returns true for an object or a function. Only these can be references, or contain them. */
export function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/**
 * Calls `visit` with each function, stand-in, stream and signal in a value, and with the value itself if it
 * is one of these. Does not look inside functions, stand-ins, streams and signals.
 */
export function forEachHeld(value: object, visit: (held: object) => void): void {
  const parts: unknown[] = [value];
  while (parts.length > 0) {
    const part = parts.pop();
    if (!isObject(part)) continue;
    if (Array.isArray(part)) parts.push(...(part as unknown[]));
    else if (types.isMap(part)) parts.push(...part.keys(), ...part.values());
    else if (types.isSet(part)) parts.push(...part);
    else if (isCopied(part)) parts.push(...Object.values(part));
    else visit(part);
  }
}

/** True for an object or error that was copied from the peer together with its fields. */
function isCopied(value: object): boolean {
  if (typeof value === 'function' || isMarkedObject(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || isError(value);
}
