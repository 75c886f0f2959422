/**
 * The types that an interface has in the other process: the types of remote objects, results and functions.
 */
import type { Readable } from 'node:stream';
import type { MethodRefusal } from './refusal-types.ts';
import type { AnyFunction, Signatures } from './signatures.ts';
import type { ToolName } from './tool-names.ts';
import type {
  ByReference,
  Copied,
  EitherSide,
  ErrorData,
  IsMarked,
  Itself,
  Keeps,
  KeepsArguments,
  Stepped,
  Unmarked,
} from './travel-types.ts';

/**
 * An object that {@link ref} marked. Declare this type in an interface as the result of a method. The caller
 * gets a `Remote<T>`, and must dispose of it.
 */
export type Reference<T extends object> = T & ByReference;

/**
 * An argument that is an object of either process. The caller passes an object that it has marked with
 * {@link ref}, or a `Remote<T>`. If the remote stands for an object of the handler's process, the handler
 * gets that object. The handler must await the results of the object's methods.
 */
export type LocalOrRemote<T extends object> = (T | Remote<T>) & EitherSide;

/**
 * The stand-in for an object that the other side serves. The stand-in has only the methods of that object.
 * Disposing of the stand-in tells the other side that the object is no longer needed. A method that is
 * optional in the interface is not optional here, because the stand-in has every method at run time. If the
 * other side does not implement the method, a call rejects with `RPC_UNKNOWN_METHOD`. `rpc.describe()` lists
 * the implemented methods. If a method's values cannot be sent, a {@link CannotTravel} with the reason
 * replaces the method.
 */
export type Remote<T> = {
  // `Required` makes each method required. The modifier `-?` would hide the parameters of `dispense()` from
  // inference.
  readonly [
    K in keyof (Required<T> & Disposable) as K extends string
      ? MethodKey<(T & Disposable)[K], K>
      : DisposeKey<K>
  ]: K extends string ? RemoteMember<T, K> : () => void;
};

/**
 * The type of one method of a {@link Remote}: the method, or the reason why it cannot be called.
 * `extends infer` is not used here, because it would hide the parameters of `dispense()` from inference.
 */
export type RemoteMember<T, K extends string & keyof (T & Disposable)> = [RemoteRefusal<T, K>] extends [never]
  ? RemoteMethod<NonNullable<(T & Disposable)[K]>>
  : RemoteRefusal<T, K>;

/** The reason why a method of a {@link Remote} cannot be called; `never` if it can be called. */
export type RemoteRefusal<T, K extends string & keyof (T & Disposable)> = MethodRefusal<
  NonNullable<(T & Disposable & Itself)[K]>,
  K
>;

/**
 * `Symbol.dispose`, and `never` for every other symbol. The dispose method is mapped together with the other
 * methods, because an intersection would hide the parameters of `dispense()` from inference.
 */
export type DisposeKey<K> = K extends typeof Symbol.dispose ? K : never;

/** The name of a method that a {@link Remote} has; `never` for a name that it does not have. */
export type MethodKey<M, K> = K extends NeverRemote
  ? never
  : [NonNullable<M>] extends [AnyFunction]
    ? K
    : never;

/** The names under which a remote has no method. `makeRemoteObject()` decides which names these are. */
export type NeverRemote = 'then' | 'catch' | 'finally' | ObjectName | ToolName;

/** Names that every object inherits. */
export type ObjectName =
  | 'constructor'
  | 'hasOwnProperty'
  | 'isPrototypeOf'
  | 'propertyIsEnumerable'
  | 'toLocaleString'
  | 'toString'
  | 'valueOf'
  | '__proto__'
  | `__${'define' | 'lookup'}${'Getter' | 'Setter'}__`;

/**
 * The type of a method for its caller. If all overloads are asynchronous and their values arrive unchanged,
 * the type is unchanged. Otherwise each overload returns a {@link RemoteResult}.
 */
export type RemoteMethod<F> = F extends AnyFunction
  ? [unknown, true] extends [ThisParameterType<F>, KeepsSignatures<Signatures<F>>]
    ? F
    : RemoteSignatures<Signatures<F>>
  : F;

/** True if all signatures of a method have the same types on both sides. */
export type KeepsSignatures<L> = L extends [[infer A extends readonly unknown[], infer R], ...infer Rest]
  ? KeepsItsType<R> extends true
    ? KeepsArguments<A> extends true
      ? KeepsSignatures<Rest>
      : false
    : false
  : true;

/** The signatures of a method as its caller has them. */
export type RemoteSignatures<L> = L extends [[infer A extends readonly unknown[], infer R], ...infer Rest]
  ? ((...args: RemoteArguments<A>) => RemoteResult<R>) & RemoteSignatures<Rest>
  : unknown;

/** The types that a caller may pass for a list of arguments. */
export type RemoteArguments<A extends readonly unknown[]> = { [K in keyof A]: RemoteArgument<A[K]> };

/**
 * True for a result that has the same type on both sides. A function type that is not rewritten keeps its
 * generics, overloads and hover text.
 */
export type KeepsItsType<R> = [R] extends [never]
  ? false
  : R extends PromiseLike<infer V>
    ? [V] extends [AsyncIterable<unknown>]
      ? false
      : Unchanged<V>
    : R extends AsyncIterator<unknown, unknown, never> | Readable | ReadableStream<unknown>
      ? false
      : R extends AsyncIterable<unknown>
        ? Unchanged<R>
        : false;

/**
 * The return value of a call: a promise of the result, or a stream that can be iterated without awaiting the
 * call.
 */
export type RemoteResult<R> =
  Awaited<R> extends infer A
    ? [A] extends [never]
      ? Promise<never>
      : [A] extends [Readable | ReadableStream<unknown>]
        ? unknown extends A
          ? Promise<A>
          : RemoteReadable<RemoteValue<A>>
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

/** True if a type says only that its values can be iterated. Such a value may be a generator. */
export type IsPlainIterable<A, T> = [Iterable<T>] extends [A] ? true : false;

/**
 * A call whose result is a stream. Iterate the call at most once. If you await the call instead, you get the
 * iterator as soon as the call is answered.
 */
export interface RemoteStream<T, Return = unknown>
  extends AsyncIterable<T, Return, undefined>, PromiseLike<AsyncGenerator<T, Return, undefined>> {}

/**
 * A call whose result is a web stream or a Node stream. Either iterate the call, or await it to get the
 * stream.
 */
export type RemoteReadable<A> = Promise<A> &
  AsyncIterable<A extends AsyncIterable<infer T> ? T : A extends ReadableStream<infer T> ? T : unknown>;

/**
 * A call whose result is declared as `Iterable`. A list arrives as a list, and a generator as a stream.
 * Iterating the call works for both.
 */
export type RemoteIterable<T> = Promise<Iterable<T> | AsyncIterable<T>> & AsyncIterable<T>;

/**
 * The type of a value on the other side. Functions in the value return promises, and marked objects are
 * remotes.
 */
export type RemoteValue<T> = T extends Copied
  ? RemoteCopy<T>
  : IsMarked<T> extends true
    ? Remote<Unmarked<T>>
    : RemoteData<T>;

/**
 * The type of a copied value on the other side. A signal can be disposed of, and the value of a subclass has
 * lost the methods of its class.
 */
export type RemoteCopy<T extends Copied> = T extends AbortSignal
  ? T & Disposable
  : Unchanged<T> extends true
    ? T
    : T extends Date
      ? Date
      : T extends Error
        ? ErrorData<T>
        : T;

/** The type on the other side of a value that is neither copied unchanged nor a marked object. */
export type RemoteData<T> = T extends AnyFunction
  ? RemoteMethod<T> & Disposable
  : Unchanged<T> extends true
    ? T
    : T extends ReadonlyMap<infer K, infer V>
      ? Map<RemoteValue<K>, RemoteValue<V>>
      : T extends ReadonlySet<infer V>
        ? Set<RemoteValue<V>>
        : T extends ReadableStream<infer I>
          ? ReadableStream<RemoteValue<I>>
          : T extends AsyncGenerator<infer I, infer Return, never>
            ? AsyncGenerator<RemoteValue<I>, Return, undefined>
            : T extends AsyncIterable<infer I>
              ? AsyncIterable<RemoteValue<I>>
              : T extends Stepped<infer I, infer Return>
                ? AsyncGenerator<RemoteValue<I>, Return, undefined>
                : { [K in keyof T]: RemoteValue<T[K]> };

/**
 * True for a type that is the same on the other side, and is therefore not rewritten. A rewritten type is
 * harder to read, and loses its generic parameters.
 */
export type Unchanged<T> = Keeps<T, 'changes', 'sent'>;

/**
 * The type that a caller may pass for an argument of type `T`. A passed function may return a promise,
 * because the other side gets a promise in any case. A marked object may be replaced by a remote. The
 * arguments of a passed function come from the other side.
 */
export type RemoteArgument<T> =
  Keeps<T, 'changes', 'taken'> extends true
    ? T
    : T extends Copied
      ? T
      : IsMarked<T> extends true
        ? T | Remote<Unmarked<T>>
        : T extends AnyFunction
          ? T extends (...args: infer A) => infer R
            ? (...args: { [K in keyof A]: RemoteValue<A[K]> }) => R | Promise<Awaited<R>>
            : T
          : T extends ReadonlyMap<infer K, infer V>
            ? ReadonlyMap<RemoteArgument<K>, RemoteArgument<V>>
            : T extends ReadonlySet<infer V>
              ? ReadonlySet<RemoteArgument<V>>
              : T extends ReadableStream<infer I>
                ? ReadableStream<RemoteArgument<I>>
                : T extends AsyncIterable<infer I>
                  ? AsyncIterable<RemoteArgument<I>>
                  : { [K in keyof T]: RemoteArgument<T[K]> };
