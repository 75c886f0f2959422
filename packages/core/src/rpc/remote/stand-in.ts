/**
 * Stand-ins for objects and functions of the other process, and the marks by which objects are sent by
 * reference.
 */
import { types } from 'node:util';
import { expect } from '../../base/expect.ts';
import { maxKeptNames } from '../../base/limits.ts';
import { isProbedName } from '../../base/probed-names.ts';
import { callResult } from './call-result.ts';
import type { Reference } from './remote-types.ts';

/** The target of a remote function or object: its owner, and the functions that call, keep and release it. */
export interface RemoteTarget {
  /**
   * The `References` that took the target from the peer. If the remote is sent through the same `References`,
   * the peer gets its own object back. Other remotes, for instance dispensed ones, have another object as
   * their owner.
   */
  readonly owner: object;
  readonly call?: (name: string | undefined, args: unknown[]) => Promise<unknown>;
  readonly retain?: () => void;
  readonly release?: () => void;
}

/**
 * Facts about objects. All copies of this package in the process share these facts, because one copy may mark
 * an object that another copy sends.
 */
interface Registry {
  readonly targets: WeakMap<object, RemoteTarget>;
  readonly marked: WeakSet<object>;
  // Nearly every value consists of plain objects, and looking each of them up costs time. So plain objects
  // are looked up only after a plain object has been marked.
  hasPlainMarks: boolean;
}

const registryKey: unique symbol = Symbol.for('pipework.references') as never;
const shared = globalThis as { [registryKey]?: Registry };
const registry: Registry = (shared[registryKey] ??= {
  targets: new WeakMap(),
  marked: new WeakSet(),
  hasPlainMarks: false,
});
const { targets, marked } = registry;

function canBeHeld(value: unknown): boolean {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function isAlwaysCopied(object: object): boolean {
  return (
    Array.isArray(object) || types.isDate(object) || ArrayBuffer.isView(object) || types.isArrayBuffer(object)
  );
}

/** Returns the target of a remote value; undefined for values of this process. */
export function remoteTargetOf(value: object): RemoteTarget | undefined {
  return targets.get(value);
}

/**
 * Marks an object to be sent by reference. The other side gets an object whose methods call the methods of
 * `object`. The `[Symbol.dispose]()` of the other side's object gives the reference back. Returns `object`.
 * Throws `CONFIG_INVALID` if `object` is neither an object nor a function. Also throws for arrays, dates and
 * binary data, because these are always copied, even if they are instances of a subclass.
 *
 * @example
 * ```ts
 * import { ref } from '@pipework/core';
 *
 * class Counter {
 *   #count = 0;
 *   add(): number {
 *     return ++this.#count;
 *   }
 * }
 *
 * // As a method of a plugin: the host gets a remote counter, not a copy.
 * const makeCounter = () => ref(new Counter());
 * ```
 */
export function ref<T extends object>(object: T): Reference<T> {
  expect(canBeHeld(object), 'the argument of ref()', 'an object with methods', object);
  const copied = isAlwaysCopied(object);
  expect(!copied, 'the argument of ref()', 'no array, Date or binary data, which are always copied', object);
  marked.add(object);
  if (Object.getPrototypeOf(object) === Object.prototype) registry.hasPlainMarks = true;
  return object;
}

/** Like {@link isMarked}, for a plain object. Skips the look-up if no plain object was ever marked. */
export function isMarkedPlain(value: object): boolean {
  return registry.hasPlainMarks && marked.has(value);
}

/** Returns true if an object of this process was passed to {@link ref}. */
export function isMarked(value: object): boolean {
  return marked.has(value);
}

/**
 * Returns true if a value stands for an object or a function of another process. The value may come from
 * `dispense()` or `createRemote()`, or be a reference that arrived. This check sends nothing.
 */
export function isRemote(value: unknown): boolean {
  return canBeHeld(value) && targets.has(value as object);
}

/**
 * Returns true if an object was passed to {@link ref}, or stands for an object or function of another
 * process.
 */
export function isMarkedObject(value: object): boolean {
  return marked.has(value) || targets.has(value);
}

/**
 * Keeps a reference beyond the call in which it came, until its `[Symbol.dispose]()` is called or the
 * conversation ends. Returns the same reference. If a function or object of this process has no
 * `[Symbol.dispose]()`, it gets one that does nothing. Throws `RPC_REFERENCE_RELEASED` if the call has
 * settled already. Throws `CONFIG_INVALID` for a dispensed remote, for a frozen function or object of this
 * process, and for a value that is neither a function nor an object.
 *
 * @example
 * ```ts
 * import { retain, serve } from '@pipework/core/plugin';
 *
 * const listeners = new Set<(change: string) => void>();
 * await serve({
 *   plugins: {
 *     files: () => ({
 *       watch(listener: (change: string) => void): void {
 *         listeners.add(retain(listener)); // Without retain(), it could be called only during this call.
 *       },
 *     }),
 *   },
 * });
 * ```
 */
export function retain<T extends object>(reference: T): T & Disposable {
  expect(canBeHeld(reference), 'the argument of retain()', 'a function or object', reference);
  const target = targets.get(reference);
  if (target !== undefined) {
    expect(
      target.retain !== undefined,
      'the argument of retain()',
      'a function or object that came in a call, not a dispensed remote, which lives until it is disposed of',
      reference,
    );
    target.retain();
  } else if (!(Symbol.dispose in reference)) {
    // A value of this process need not be given back. It gets a `[Symbol.dispose]()` nevertheless, so that
    // the caller can treat both kinds of values in the same way.
    const fits = Object.isExtensible(reference);
    expect(
      fits,
      'the argument of retain()',
      'remote, or not frozen, because retain() adds a [Symbol.dispose]()',
      reference,
    );
    Object.defineProperty(reference, Symbol.dispose, { value: () => {}, configurable: true });
  }
  return reference as T & Disposable;
}

function iterable(call: Promise<unknown> | undefined): Promise<unknown> {
  return callResult(call ?? Promise.resolve());
}

/** Makes a function that calls a function of the peer. */
export function makeRemoteFunction(target: RemoteTarget): object {
  const remote = (...args: unknown[]): unknown => iterable(target.call?.(undefined, args));
  Object.defineProperty(remote, Symbol.dispose, { value: target.release });
  targets.set(remote, target);
  return remote;
}

/**
 * Returns true for names that are never remote methods. Common tools look up most of these names in any
 * object. With `catch` and `finally`, a remote would look like a promise.
 */
function isNeverRemote(name: string): boolean {
  return name === 'catch' || name === 'finally' || isProbedName(name);
}

/** The method that `util.inspect`, `console.log` and the messages of test frameworks look up. */
const inspectSymbol: unique symbol = Symbol.for('nodejs.util.inspect.custom') as never;

/**
 * Makes an object whose methods call those of an object of the peer. Symbols, and names that JavaScript or
 * common tools look up in any object, are never remote methods.
 */
export function makeRemoteObject(target: RemoteTarget, label = 'remote object'): object {
  const methods = new Map<string, (...args: unknown[]) => unknown>();
  const base: object = Object.create(null) as object;
  const shown = { value: () => `[${label}]`, configurable: true };
  // These properties are configurable, because a proxy must not hide or replace a property that is not
  // configurable. If a remote is converted to text, the text is its label. So remotes with different labels
  // have different texts.
  Object.defineProperties(base, {
    [Symbol.toStringTag]: { value: label, configurable: true },
    [inspectSymbol]: shown,
    toString: shown,
    toJSON: shown,
    [Symbol.dispose]: { value: target.release, configurable: true },
  });
  const remote = new Proxy(base, {
    get(_base, name, receiver) {
      if (typeof name === 'symbol' || isNeverRemote(name))
        return Reflect.get(base, name, receiver) as unknown;
      let method = methods.get(name);
      if (method === undefined) {
        method = (...args) => iterable(target.call?.(name, args));
        if (methods.size < maxKeptNames) methods.set(name, method);
      }
      return method;
    },
    has: (_base, name) => (typeof name === 'string' ? !isNeverRemote(name) : name === inspectSymbol),
    set: () => false,
    defineProperty: () => false,
    deleteProperty: () => false,
  });
  targets.set(remote, target);
  return remote;
}
