/** Lists the built-in classes whose instances are never sent. */
import type { EventEmitter } from 'node:events';

/**
 * The instances of the global classes `Name`. If the program's libraries do not declare a class, or declare
 * it without members, that class is left out. So the list needs neither the types of the DOM nor a certain
 * version of Node's types.
 */
export type InstanceOfGlobal<Name extends string> = Name extends unknown
  ? typeof globalThis extends { readonly [N in Name]: { readonly prototype: infer T } }
    ? {} extends T
      ? never
      : T
    : never
  : never;

/** The instances of all classes of the global namespaces `Name` that the program's libraries declare. */
export type InstanceInGlobal<Name extends string> = Name extends unknown
  ? typeof globalThis extends { readonly [N in Name]: infer Classes }
    ? {
        [K in keyof Classes]: Classes[K] extends abstract new (...args: never) => infer T ? T : never;
      }[keyof Classes]
    : never
  : never;

/**
 * Weak maps and weak sets. Maps and sets of objects have all their members, but also have a size.
 */
export type WeakCollection = InstanceOfGlobal<'WeakMap' | 'WeakSet'> & { readonly size?: never };

/**
 * The instances of built-in classes that are never sent, and of their subclasses. The list lacks the classes
 * with so few members that a plain object may have all of them.
 */
export type BuiltIn =
  | EventEmitter
  | InstanceInGlobal<'Intl' | 'Temporal'>
  | WeakCollection
  | InstanceOfGlobal<
      | 'AsyncDisposableStack'
      | 'Blob'
      | 'BroadcastChannel'
      | 'DisposableStack'
      | 'Event'
      | 'EventSource'
      | 'FinalizationRegistry'
      | 'FormData'
      | 'Headers'
      | 'MessagePort'
      | 'Request'
      | 'Response'
      | 'SharedArrayBuffer'
      | 'URLSearchParams'
      | 'WeakRef'
      | 'WebSocket'
      | 'WritableStream'
    >;
