/**
 * Types that explain why a declaration does not compile. These types contain the texts that the compiler
 * shows, and decide which text it shows.
 */
import type { EventEmitter } from 'node:events';
import type { BuiltIn } from './refused-classes.ts';
import type { CannotTravel, Copied, Itself, KeepsCall, Rule } from './travel-types.ts';
import type { AnyFunction, Signatures } from './signatures.ts';
import type { ToolName } from './tool-names.ts';

/** The rules that no value may break, whichever side sends it. */
export type NeverTravels = 'promise' | 'symbol' | 'builtin' | 'class' | 'this';

/** For each rule, the text that the compiler shows behind the name of a method that breaks the rule. */
export interface Advice {
  /** For methods that return or take `this`. */
  this: 'returns this: return ref(this), and declare the result as a Reference<...> of the interface';
  /** For promises inside of values. */
  promise: 'has a promise inside a value: await it before it is sent, or return ref(object) with a method for it, declared as Reference<...>';
  /** For symbols. */
  symbol: 'has a symbol, which cannot travel: send a string, or an object marked with ref(), declared as Reference<...>';
  /** For instances of the built-in classes that are never sent. */
  builtin: 'has an instance of a built-in class that is not copied, such as Headers, Blob, Response, URLSearchParams, WeakMap or EventEmitter: send its contents as plain data, bytes or a stream, such as [...headers], await blob.arrayBuffer() or response.body. Declare a class of your own that extends it as Reference<...>';
  /** For instances of classes with private members. */
  class: 'has an instance of a class with private members, and only plain objects are copied: mark it with ref() and declare it as Reference<...>, or send plain data';
  /** For streams, maps, sets, dates and errors of the other process that have methods of their own. */
  own: 'takes a stream, map, set, date or error with members of its own, which do not travel: take the plain type, such as AsyncIterable<...>, AsyncGenerator<..., ..., undefined> or Map<..., ...>';
  /** For functions and generators of the other process that are synchronous by their type. */
  sync: 'takes a function or generator that is synchronous by its type, but functions and generators of the other process are asynchronous: let the function return T | Promise<T>, take an AsyncIterable, or declare an object with methods as LocalOrRemote<...>';
}

/** The first rule that a signature breaks. Rules with more specific advice are checked first. */
export type Broken<A extends readonly unknown[], Q> =
  KeepsCall<A, Q, 'this'> extends false
    ? 'this'
    : KeepsCall<A, Q, 'promise'> extends false
      ? 'promise'
      : KeepsCall<A, Q, 'symbol'> extends false
        ? 'symbol'
        : KeepsCall<A, Q, 'builtin'> extends false
          ? 'builtin'
          : KeepsCall<A, Q, 'class'> extends false
            ? 'class'
            : KeepsCall<A, Q, 'own'> extends false
              ? 'own'
              : 'sync';

/**
 * For each signature in `L` that breaks a rule of `R`, the first rule that the signature breaks; `never` if
 * all signatures keep the rules of `R`.
 */
export type BrokenBy<L, R extends Rule> = L extends [
  [infer A extends readonly unknown[], infer Q],
  ...infer Rest,
]
  ? (KeepsCall<A, Q, R> extends true ? never : Broken<A, Q>) | BrokenBy<Rest, R>
  : never;

/** The reason for a broken rule, with the name of the method; `never` if no rule is broken. */
export type Refused<Name, B> = [B] extends [never]
  ? never
  : B extends keyof Advice
    ? CannotTravel<`${Name & string}() ${Advice[B]}`>
    : never;

/** The reason why a method cannot be called from another process; `never` if the method can be called. */
export type MethodRefusal<M, Name> = [M] extends [AnyFunction]
  ? Refused<Name, BrokenBy<Signatures<M>, NeverTravels>>
  : never;

/** The reason why a function with this name cannot be served. `serve()` refuses the same names. */
export type NameRefusal<Name extends string> =
  CannotTravel<`${Name}() has a name that common tools call by themselves on any object, so it cannot be remote: give the method another name`>;

/**
 * The reason why an implementation of `T` cannot be served as it is declared; `never` if it can be served.
 */
export type ServedRefusal<T> = { [K in ServedKey<T>]: MemberRefusal<(T & Itself)[K], K> }[ServedKey<T>];

/** The names of an implementation's members, without the methods of Node's own classes. */
export type ServedKey<T> = Exclude<
  keyof T & string,
  T extends EventEmitter ? keyof EventEmitter : T extends EventTarget ? keyof EventTarget : never
>;

/** The reason why a member of an implementation cannot be served; `never` if it can be served. */
export type MemberRefusal<M, Name> =
  NonNullable<M> extends infer F
    ? [F] extends [AnyFunction]
      ? Name extends ToolName
        ? NameRefusal<Name>
        : Refused<Name, BrokenBy<Signatures<F>, NeverTravels | 'sync' | 'own'>>
      : [F] extends [WithoutMethods<F>]
        ? never
        : CannotTravel<`${Name & string} is an object of methods, and only methods of the served object can be called: serve it under a name of its own, return ref(object) from a method, or make it private`>
    : never;

/**
 * A copy of a type, in which no value fits a method. So a type with methods, at any depth, is not assignable
 * to its copy. Lists and other containers are not searched, because no caller reaches their contents by a path.
 */
export type WithoutMethods<T> = T extends AnyFunction
  ? never
  : T extends Copied | Iterable<unknown> | AsyncIterable<unknown> | PromiseLike<unknown> | BuiltIn
    ? T
    : T extends object
      ? { readonly [K in keyof T as K extends symbol ? never : K]: WithoutMethods<T[K]> }
      : T;

/** `unknown` for a type that can be served. For any other type, a {@link CannotTravel} with the reason. */
export type CanServe<T> = 0 extends 1 & T
  ? unknown
  : [ServedRefusal<T>] extends [never]
    ? unknown
    : ServedRefusal<T>;
