/** What a connection calls when the peer calls: a service, and the rule that says which functions of an object are one. */
import { EventEmitter } from 'node:events';
import { Stream } from 'node:stream';
import { PipeworkError } from '../errors.ts';
import type { CallContext } from './call-context.ts';

/** Answers the calls of one connection. */
export interface Service {
  /** Returns the result or a promise of it; throws, or rejects, to fail the call. `method` comes without the connection's prefix. */
  invoke(method: string, params: unknown[], context: CallContext): unknown;
}

type Method = (...args: unknown[]) => unknown;

const neverRemote = new Set<string>(['then', 'prototype', ...Object.getOwnPropertyNames(Object.prototype)]);

// Written in JavaScript inside Node, so that their functions don't look native.
const nodePrototypes = new Set<object>([
  EventEmitter.prototype,
  Stream.prototype,
  EventTarget.prototype,
  AbortSignal.prototype,
]);
for (const name of ['Readable', 'Writable', 'Duplex', 'Transform', 'PassThrough'] as const)
  nodePrototypes.add(Stream[name].prototype);

/** The runtime's own prototypes end the search: what they carry was never meant to be served. */
function isBuiltIn(prototype: object): boolean {
  if (nodePrototypes.has(prototype)) return true;
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  return (
    typeof constructor === 'function' &&
    /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(constructor))
  );
}

/**
 * The function that `name` calls on `target`, or undefined. Only functions that stand on the object itself or on its
 * classes, up to the first built-in prototype; never a getter (it isn't run), and never a name that Object.prototype has.
 */
export function findMethod(target: object, name: string): Method | undefined {
  if (neverRemote.has(name)) return undefined;
  for (
    let holder: object | null = target;
    holder !== null;
    holder = Object.getPrototypeOf(holder) as object | null
  ) {
    if (holder !== target && isBuiltIn(holder)) return undefined;
    if (holder === target && nodePrototypes.has(holder)) return undefined;
    const property = Object.getOwnPropertyDescriptor(holder, name);
    if (property !== undefined)
      return typeof property.value === 'function' ? (property.value as Method) : undefined;
  }
  return undefined;
}

/** Serves an object: each call of the peer runs the method of that name with the object as `this`. Unknown names fail with `RPC_UNKNOWN_METHOD`. */
export function serviceOf(implementation: object): Service {
  if (
    (typeof implementation !== 'object' && typeof implementation !== 'function') ||
    implementation === null
  ) {
    throw new PipeworkError(
      'CONFIG_INVALID',
      `An implementation must be an object with methods; got ${implementation === null ? 'null' : typeof implementation}.`,
    );
  }
  return {
    invoke(method, params, context) {
      const found = findMethod(implementation, method);
      if (found === undefined) throw unknownMethod(context.method);
      return Reflect.apply(found, implementation, params);
    },
  };
}

/** The failure of a call whose method is not offered, in the words of the protocol. */
export function unknownMethod(method: string): PipeworkError {
  return new PipeworkError('RPC_UNKNOWN_METHOD', `can't find method ${method}`);
}
