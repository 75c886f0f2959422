/** What an interface looks like from the other process: the types of remote objects, results and functions. */
import type { Readable } from 'node:stream';

// Stands for every function, whatever it takes: all of them accept `never`.
type AnyFunction = (...args: never) => unknown;

/** What is copied whole, and arrives as itself. */
type Copied =
  | string
  | number
  | boolean
  | bigint
  | symbol
  | null
  | undefined
  | Date
  | RegExp
  | URL
  | Error
  | ArrayBuffer
  | ArrayBufferView
  | AbortSignal
  | ReadableStream<unknown>
  | Readable;

declare const byReference: unique symbol;

/** An object that {@link ref} marked: declare it in an interface as what a method returns, and its receiver gets a `Remote<T>` to dispose of. */
export type Reference<T extends object> = T & { readonly [byReference]?: never };

/** What one side holds of an object that the other serves: its methods, and nothing else of it. Disposing of it says that it is no longer needed. */
export type Remote<T> = {
  readonly [
    K in keyof (T & Disposable) as K extends string ? MethodKey<(T & Disposable)[K], K> : DisposeKey<K>
  ]: K extends string ? RemoteMethod<(T & Disposable)[K]> : () => void;
};

// Mapped with the methods instead of intersected: an intersection would hide the parameters of dispense() from inference.
type DisposeKey<K> = K extends typeof Symbol.dispose ? K : never;

type MethodKey<M, K> = K extends NeverRemote ? never : [NonNullable<M>] extends [AnyFunction] ? K : never;

// What a remote answers by itself, or not at all: see makeRemoteObject().
type NeverRemote = 'then' | 'catch' | 'finally' | ObjectName | ToolName;
type ObjectName =
  | 'constructor'
  | 'hasOwnProperty'
  | 'isPrototypeOf'
  | 'propertyIsEnumerable'
  | 'toLocaleString'
  | 'toString'
  | 'valueOf'
  | '__proto__'
  | `__${'define' | 'lookup'}${'Getter' | 'Setter'}__`;
// The same names as in base/probed-names.ts; a test compares the two.
type ToolName =
  | 'toJSON'
  | 'toBSON'
  | 'toPostgres'
  | 'toSqlString'
  | 'inspect'
  | 'asymmetricMatch'
  | 'jasmineToString'
  | 'getMockName'
  | '_isMockFunction'
  | '$$typeof'
  | 'nodeType'
  | 'hasAttribute'
  | `@@${string}`;

/** A method as its caller sees it: the same where it is async already, otherwise with a promise of its result. */
export type RemoteMethod<F> = F extends undefined
  ? F
  : F extends (...args: infer A) => infer R
    ? KeepsItsType<R> extends true
      ? F
      : Overloads<F> extends infer O
        ? [O] extends [never]
          ? (...args: A) => RemoteResult<R>
          : O
        : never
    : never;

/** True for a result that is the same on both sides. Keeping the function's own type keeps its generics, overloads and hover. */
type KeepsItsType<R> = [R] extends [never]
  ? false
  : R extends PromiseLike<infer V>
    ? [V] extends [AsyncIterable<unknown>]
      ? false
      : Same<V, RemoteValue<V>>
    : R extends AsyncGenerator<unknown, unknown, never> | Readable | ReadableStream<unknown>
      ? false
      : R extends AsyncIterable<infer V>
        ? Unchanged<V>
        : false;

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Two or three overloads, each with its promise; never for a function that has one signature. */
type Overloads<F> = F extends {
  (...args: infer A1): infer R1;
  (...args: infer A2): infer R2;
  (...args: infer A3): infer R3;
}
  ? Same<[A2, R2], [A3, R3]> extends true
    ? never
    : Same<[A1, R1], [A2, R2]> extends true
      ? { (...args: A2): RemoteResult<R2>; (...args: A3): RemoteResult<R3> }
      : { (...args: A1): RemoteResult<R1>; (...args: A2): RemoteResult<R2>; (...args: A3): RemoteResult<R3> }
  : never;

/** What a call gives: a promise of the result, or a stream that is iterated without awaiting the call first. */
export type RemoteResult<R> =
  Awaited<R> extends infer A
    ? [A] extends [never]
      ? Promise<never>
      : [A] extends [Readable | ReadableStream<unknown>]
        ? unknown extends A
          ? Promise<A>
          : RemoteReadable<A>
        : [A] extends [AsyncIterator<infer T, infer Return, never> & AsyncIterable<unknown>]
          ? RemoteStream<RemoteValue<T>, Return>
          : [A] extends [Stepped<infer T, infer Return>]
            ? RemoteStream<RemoteValue<T>, Return>
            : [A] extends [AsyncIterable<infer T>]
              ? RemoteStream<RemoteValue<T>>
              : [A] extends [Iterable<infer T>]
                ? IsPlainIterable<A, T> extends true
                  ? RemoteIterable<RemoteValue<T>>
                  : Promise<RemoteValue<A>>
                : Promise<RemoteValue<A>>
    : never;

/** A synchronous generator, or an iterator like one: it travels as a stream, and arrives asynchronous. */
type Stepped<T = unknown, Return = unknown, Next = never> = Iterator<T, Return, Next> & Iterable<unknown>;

/** True where a type says no more than that it can be iterated, so that a generator may be behind it. */
type IsPlainIterable<A, T> = [Iterable<T>] extends [A] ? true : false;

/** A call whose result is a stream: iterate it, once. Awaiting it gives the iterator itself, as soon as the call is answered. */
export interface RemoteStream<T, Return = unknown>
  extends AsyncIterable<T, Return, undefined>, PromiseLike<AsyncGenerator<T, Return, undefined>> {}

/** A call whose result is a web stream or a Node stream: iterate it, or await it and get the stream. Do one of them. */
export type RemoteReadable<A> = Promise<A> &
  AsyncIterable<A extends AsyncIterable<infer T> ? T : A extends ReadableStream<infer T> ? T : unknown>;

/** A call whose result is declared as `Iterable`: a list arrives as a list, a generator as a stream. Iterating the call fits both. */
export type RemoteIterable<T> = Promise<Iterable<T> | AsyncIterable<T>> & AsyncIterable<T>;

/** What a value is once it has travelled: functions in it return promises, marked objects are remote. */
export type RemoteValue<T> = T extends Copied
  ? T
  : T extends { readonly [byReference]?: never }
    ? typeof byReference extends keyof T
      ? Remote<Omit<T, typeof byReference>>
      : RemoteData<T>
    : RemoteData<T>;

type RemoteData<T> = T extends AnyFunction
  ? RemoteMethod<T> & Disposable
  : Unchanged<T> extends true
    ? T
    : T extends ReadonlyMap<infer K, infer V>
      ? Map<RemoteValue<K>, RemoteValue<V>>
      : T extends ReadonlySet<infer V>
        ? Set<RemoteValue<V>>
        : T extends AsyncGenerator<infer I, infer Return, never>
          ? AsyncGenerator<RemoteValue<I>, Return, undefined>
          : T extends AsyncIterable<infer I>
            ? AsyncIterable<RemoteValue<I>>
            : T extends Stepped<infer I, infer Return>
              ? AsyncGenerator<RemoteValue<I>, Return, undefined>
              : { [K in keyof T]: RemoteValue<T[K]> };

/** True for a type that keeps its name: rewritten ones read worse, and cost generics their parameters. */
type Unchanged<T> = [Changes<T>] extends [never] ? true : false;

/** What changes on its way: functions, synchronous generators and marked objects, wherever they are. Recursive types end where the levels do. */
type Changes<T, Levels extends 0[] = []> = 0 extends T & 1
  ? never
  : Levels['length'] extends 6
    ? never
    : T extends Copied
      ? never
      : T extends AnyFunction | Stepped | Marked<T>
        ? true
        : T extends ReadonlyMap<infer K, infer V>
          ? Changes<K | V, [...Levels, 0]>
          : T extends AsyncIterable<infer I> | ReadonlySet<infer I> | readonly (infer I)[]
            ? Changes<I, [...Levels, 0]>
            : T extends object
              ? { [K in keyof T]-?: Changes<T[K], [...Levels, 0]> }[keyof T]
              : never;

type Marked<T> = typeof byReference extends keyof T ? T : never;
