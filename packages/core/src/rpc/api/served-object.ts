/**
 * The object that answers the peer's calls, and the rule that decides which of its functions can be called.
 */
import { EventEmitter } from 'node:events';
import { Stream } from 'node:stream';
import { PipeworkError } from '../../base/errors.ts';
import { expect, isObject } from '../../base/expect.ts';
import { isNameOfTools, isProbedName } from '../../base/probed-names.ts';
import { sentences } from '../../session/wire-words.ts';
import type { CallContext } from './call-context.ts';
import { descriptionOf, type MethodDescriptions } from './description.ts';

/** Answers the calls of one conversation. */
export interface ServedObject {
  /**
   * Returns the result or a promise of it. Throws or rejects to fail the call. `method` is the name without
   * the conversation's prefix.
   */
  invoke(method: string, params: unknown[], context: CallContext): unknown;
  /** Describes each method that can be called. Absent if there are no methods that a peer could ask about. */
  describe?(): MethodDescriptions;
}

type Method = (...args: unknown[]) => unknown;

// These prototypes are written in JavaScript inside Node, so their functions do not look native.
const nodePrototypes = new Set<object>([
  EventEmitter.prototype,
  Stream.prototype,
  EventTarget.prototype,
  AbortSignal.prototype,
]);
for (const name of ['Readable', 'Writable', 'Duplex', 'Transform', 'PassThrough'] as const)
  nodePrototypes.add(Stream[name].prototype);

const builtIns = new WeakMap<object, boolean>();

/**
 * True for the runtime's own prototypes, at which the search for a method ends. Their methods were never
 * meant to be served.
 */
function isBuiltIn(prototype: object): boolean {
  let known = builtIns.get(prototype);
  if (known === undefined) {
    known = nodePrototypes.has(prototype) || hasNativeConstructor(prototype);
    builtIns.set(prototype, known);
  }
  return known;
}

function hasNativeConstructor(prototype: object): boolean {
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  if (typeof constructor !== 'function') return false;
  return /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(constructor));
}

/**
 * Returns the function that `name` calls on `target`, or undefined. The search covers the object itself and
 * its classes, up to the first built-in prototype. The search never returns a getter, and never runs one.
 * Names that JavaScript or common tools call automatically are not found.
 */
export function findMethod(target: object, name: string): Method | undefined {
  if (name === 'prototype' || isProbedName(name) || isBuiltIn(target)) return undefined;
  return findFunction(target, name);
}

function findFunction(target: object, name: string): Method | undefined {
  return functionOf(target, name) ?? findInherited(target, name);
}

function findInherited(target: object, name: string): Method | undefined {
  if (Object.hasOwn(target, name)) return undefined;
  let holder = Object.getPrototypeOf(target) as object | null;
  for (; holder !== null && !isBuiltIn(holder); holder = Object.getPrototypeOf(holder) as object | null) {
    if (Object.hasOwn(holder, name)) return functionOf(holder, name);
  }
  return undefined;
}

function functionOf(holder: object, name: string): Method | undefined {
  const value: unknown = Object.getOwnPropertyDescriptor(holder, name)?.value;
  return typeof value === 'function' ? (value as Method) : undefined;
}

/**
 * Serves an object: each call of the peer runs the method of that name with the object as `this`. Unknown
 * names fail with `RPC_UNKNOWN_METHOD`, whose message lists the methods that `dispensedAs` offers. Throws
 * `CONFIG_INVALID` if the implementation is not an object. In the message of that error, `what` is the name
 * of the implementation.
 */
export function servedObjectOf(
  implementation: object,
  what = 'an implementation',
  dispensedAs?: string,
): ServedObject {
  const canServe = isObject(implementation) || typeof implementation === 'function';
  expect(canServe, what, 'an object with methods', implementation);
  expectNoProbedMethod(implementation, what);
  // Holds the methods that the object inherits, with the prototypes that hold them. The object's own methods
  // may change at any time, so every call looks them up again.
  const inherited = new Map<string, { holder: Record<string, unknown>; method: Method }>();
  return {
    invoke(name, params, context) {
      const known = inherited.get(name);
      if (
        known !== undefined &&
        !Object.hasOwn(implementation, name) &&
        known.holder[name] === known.method
      ) {
        return Reflect.apply(known.method, implementation, params);
      }
      const method = findMethod(implementation, name);
      if (method === undefined) throw unknownMethod(context.method, implementation, dispensedAs);
      if (!Object.hasOwn(implementation, name)) {
        inherited.set(name, { holder: holderOf(implementation, name), method });
      }
      return Reflect.apply(method, implementation, params);
    },
    describe: () =>
      descriptionOf(implementation) ??
      Object.fromEntries(methodNames(implementation).map((name) => [name, {}])),
  };
}

/** The names of all methods that {@link findMethod} finds on the object. */
export function methodNames(target: object): string[] {
  return propertyNames(target)
    .filter((name) => findMethod(target, name) !== undefined)
    .toSorted();
}

/** The names of the properties of the object and of its classes, up to the first built-in prototype. */
function propertyNames(target: object): string[] {
  const names = new Set<string>();
  for (
    let holder: object | null = target;
    holder !== null && !isBuiltIn(holder);
    holder = Object.getPrototypeOf(holder) as object | null
  ) {
    for (const name of Object.getOwnPropertyNames(holder)) names.add(name);
  }
  return [...names];
}

/**
 * Throws if a method has a name that can never be called, so that the object's author learns of the mistake.
 */
function expectNoProbedMethod(implementation: object, what: string): void {
  const name = propertyNames(implementation).find(
    (probed) => isNameOfTools(probed) && findFunction(implementation, probed) !== undefined,
  );
  const reason = `without a method named ${name}: common tools call it by themselves on any object, so it cannot be remote`;
  expect(name === undefined, what, reason);
}

function holderOf(target: object, name: string): Record<string, unknown> {
  let holder = target;
  while (!Object.hasOwn(holder, name)) holder = Object.getPrototypeOf(holder) as object;
  return holder as Record<string, unknown>;
}

/** Returns the error of a call whose method is not offered, in the words of the protocol. */
export function unknownMethod(
  method: string,
  target?: object,
  name: string | undefined = 'the object',
): PipeworkError {
  const offered = target === undefined ? '' : `: ${name} offers ${listNames(methodsOf(target), 'no method')}`;
  return new PipeworkError('RPC_UNKNOWN_METHOD', sentences.unknownMethod + method + offered);
}

const maxListed = 20;

/** Lists names for an error message. Returns `none` if there are no names. */
export function listNames(names: readonly string[], none: string): string {
  if (names.length === 0) return none;
  const more = names.length > maxListed ? ` and ${names.length - maxListed} more` : '';
  return names.slice(0, maxListed).join(', ') + more;
}

/** The methods that {@link findMethod} finds. */
function methodsOf(target: object): string[] {
  const names = new Set<string>();
  let holder: object | null = target;
  for (; holder !== null && !isBuiltIn(holder); holder = Object.getPrototypeOf(holder) as object | null) {
    for (const name of Object.getOwnPropertyNames(holder)) names.add(name);
  }
  return [...names].filter((name) => findMethod(target, name) !== undefined);
}
