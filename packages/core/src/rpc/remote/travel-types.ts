/**
 * Decides which types can be sent, and which of these arrive unchanged. A type is compared with a copy of
 * itself. In the copy, each part that breaks a rule is replaced by a type that no value fits. The compiler
 * compares a recursive type only once, so the comparison needs no limit of depth.
 */
import type { Readable } from 'node:stream';
import type { BuiltIn } from './refused-classes.ts';
import type { AnyFunction, Signatures } from './signatures.ts';

/** Types that this file does not look into, because their values arrive with the same type. */
export type Copied =
  | string
  | number
  | boolean
  | bigint
  | null
  | undefined
  | Date
  | RegExp
  | URL
  | Error
  | ArrayBuffer
  | ArrayBufferView
  | AbortSignal
  | Readable;

/**
 * A synchronous generator, or another iterator that can be iterated. Such a value is sent as a stream, and
 * arrives as an asynchronous generator.
 */
export type Stepped<T = unknown, Return = unknown, Next = never> = Iterator<T, Return, Next> &
  Iterable<unknown>;

declare const byReference: unique symbol;
declare const eitherSide: unique symbol;
declare const itself: unique symbol;
declare const refused: unique symbol;

/** The mark of {@link Reference}. */
export interface ByReference {
  /** The key of the mark. No value has this property. */
  readonly [byReference]?: never;
}

/** The mark of {@link LocalOrRemote}. */
export interface EitherSide {
  /** The key of the mark. No value has this property. */
  readonly [eitherSide]?: never;
}

/**
 * A served type is combined with this type before its methods are checked. If a method's type then contains
 * `Itself`, the method is declared to return or take `this`.
 */
export interface Itself {
  /** The key of the mark. No value has this property. */
  readonly [itself]: never;
}

/**
 * Replaces a method whose values cannot be sent, or a plugin that cannot be served as it is declared.
 * `Reason` is a text with the cause and the remedy. No value fits this type.
 */
export interface CannotTravel<Reason extends string> {
  /** The reason why the method cannot be called. At run time this property does not exist. */
  readonly [refused]: Reason;
}

/** True for an object that {@link ref} marked. */
export type IsMarked<T> = typeof byReference extends keyof T ? true : false;

/** The type of a marked object without its mark. */
export type Unmarked<T> = Omit<T, typeof byReference>;

/**
 * A rule that a comparison checks. `changes` finds values that do not arrive unchanged. `sync` finds
 * functions and generators of the other process whose type is synchronous. `own` finds values of the other
 * process that have methods of their own besides those of the type that arrives. The other rules find values
 * that cannot be sent.
 */
export type Rule = 'changes' | 'sync' | 'own' | 'promise' | 'symbol' | 'builtin' | 'class' | 'this';

/**
 * The direction of a value: the plugin sends it or takes it. A function's parameters have the opposite
 * direction: if the plugin sends a function, the plugin takes the function's arguments.
 */
export type Way = 'sent' | 'taken';

/** The opposite direction. */
export type Back<W extends Way> = W extends 'sent' ? 'taken' : 'sent';

/** True if no value of the type breaks any of the rules. */
export type Keeps<T, R extends Rule, W extends Way> = [T] extends [Compared<T, R, W>] ? true : false;

/** Like {@link Keeps}, for one signature of a method. */
export type KeepsCall<Args extends readonly unknown[], Result, R extends Rule> = [Args, Result] extends [
  ComparedAll<Args, R, 'taken'>,
  ComparedResult<Result, R, 'sent'>,
]
  ? true
  : false;

/** True for arguments that arrive unchanged. */
export type KeepsArguments<Args extends readonly unknown[]> = [Args] extends [
  ComparedAll<Args, 'changes', 'taken'>,
]
  ? true
  : false;

/** `T`, or the mark of a broken rule if the rule is one of those that are checked. */
export type Against<Broken extends Rule, R extends Rule, T> = [Broken & R] extends [never]
  ? T
  : CannotTravel<Broken & R>;

/**
 * A copy of a type, in which a {@link CannotTravel} replaces each part that breaks a rule. The compiler
 * computes members of objects, results and items only when it compares them.
 */
export type Compared<T, R extends Rule, W extends Way, Level extends 0[] = []> = 0 extends 1 & T
  ? T
  : T extends EitherMark<T>
    ? T
    : IsMarked<T> extends true
      ? Against<'changes', R, ComparedMembers<T, R & 'sync', W>>
      : T extends Itself
        ? Against<'this', R, T>
        : T extends symbol
          ? Against<'symbol', R, T>
          : T extends Copied
            ? Against<CopiedRule<T, W>, R, T>
            : T extends AnyFunction
              ? ComparedFunction<T, R, W>
              : T extends PromiseLike<unknown>
                ? Against<'promise', R, T>
                : T extends ReadableStream<infer I>
                  ? ComparedChunks<I, R, W>
                  : T extends AsyncIterable<infer I>
                    ? Against<ItemsRule<T, I, W>, R, ComparedItems<I, R, W>>
                    : T extends Stepped<infer I>
                      ? Against<W extends 'sent' ? 'changes' : 'sync', R, ComparedSteps<I, R, W>>
                      : T extends BuiltIn
                        ? Against<'builtin', R, T>
                        : T extends ReadonlyMap<infer K, infer V>
                          ? Against<OwnRule<T, Map<K, V>, W>, R, ComparedMap<T, K, V, R, W, Level>>
                          : T extends ReadonlySet<infer V>
                            ? Against<OwnRule<T, Set<V>, W>, R, ComparedSet<T, V, R, W, Level>>
                            : T extends readonly unknown[]
                              ? ComparedEntries<T, R, W>
                              : T extends object
                                ? HidesMembers<T> extends true
                                  ? Against<'class', R, T>
                                  : ComparedMembers<T, R, W>
                                : T;

/** The rule that a subtype `T` of `Plain` breaks. The value arrives as a `Plain`. */
export type OwnRule<T, Plain, W extends Way> = [Plain] extends [T]
  ? never
  : W extends 'sent'
    ? 'changes'
    : 'own';

/** The rule that a stream breaks. A taken stream arrives as an async generator. */
export type ItemsRule<T, I, W extends Way> = OwnRule<
  T,
  W extends 'sent' ? AsyncIterable<I> : AsyncGenerator<I, never, undefined>,
  W
>;

/** The rule that a copied value breaks. A sent signal arrives as a signal that can be disposed of. */
export type CopiedRule<T, W extends Way> = T extends AbortSignal
  ? W extends 'sent'
    ? 'changes'
    : never
  : T extends Date
    ? OwnRule<T, Date, W>
    : T extends Error
      ? OwnRule<T, ErrorData<T>, W>
      : never;

/** The type of an error on the other side: its data, without the methods of its own class. */
export type ErrorData<T extends Error> = Error & {
  [K in keyof T as K extends keyof Error ? never : T[K] extends AnyFunction ? never : K]: T[K];
};

/** `unknown` for a type with the mark of {@link LocalOrRemote}, and `never` for every other type. */
export type EitherMark<T> = typeof eitherSide extends keyof T ? unknown : never;

/** A {@link Compared} of each argument of a list. */
export type ComparedAll<A extends readonly unknown[], R extends Rule, W extends Way> = {
  [K in keyof A]: Compared<A[K], R, W>;
};

/**
 * A {@link Compared} of each entry of a list or tuple. This is not a mapped list type, because the compiler
 * would compute the items of such a type immediately. For a list that contains itself, that
 * computation would never end.
 */
export type ComparedEntries<T, R extends Rule, W extends Way> = {
  readonly [K in keyof T as K extends number | `${number}` ? K : never]: Compared<T[K], R, W>;
};

/** A {@link Compared} of each member of an object. Keys that are symbols are not sent. */
export type ComparedMembers<T, R extends Rule, W extends Way> = {
  readonly [K in keyof T as K extends symbol ? never : K]: Compared<T[K], R, W>;
};

/**
 * A {@link Compared} of a map. Nested maps are compared by their contents, down to seven levels. If nested
 * maps were compared by their methods, the compiler would give up after three levels. The limit also ends the
 * recursion for a map that contains itself.
 */
export type ComparedMap<T, K, V, R extends Rule, W extends Way, Level extends 0[]> = Level['length'] extends 7
  ? EndlessMap<K, V, R, W>
  : T extends Map<K, V>
    ? Map<Compared<K, R, W, [...Level, 0]>, Compared<V, R, W, [...Level, 0]>>
    : ReadonlyMap<Compared<K, R, W, [...Level, 0]>, Compared<V, R, W, [...Level, 0]>>;

/** A {@link Compared} of a set, with the levels of {@link ComparedMap}. */
export type ComparedSet<T, V, R extends Rule, W extends Way, Level extends 0[]> = Level['length'] extends 7
  ? EndlessSet<V, R, W>
  : T extends Set<V>
    ? Set<Compared<V, R, W, [...Level, 0]>>
    : ReadonlySet<Compared<V, R, W, [...Level, 0]>>;

/** A map below the seventh level, which is compared by one method. */
export interface EndlessMap<K, V, R extends Rule, W extends Way> {
  /** The method that is compared. */
  readonly forEach: (callback: (value: Compared<V, R, W>, key: Compared<K, R, W>) => void) => void;
}

/** A set below the seventh level, which is compared by one method. */
export interface EndlessSet<V, R extends Rule, W extends Way> {
  /** The method that is compared. */
  readonly forEach: (callback: (value: Compared<V, R, W>) => void) => void;
}

/** A {@link Compared} of an async iterable. */
export interface ComparedItems<I, R extends Rule, W extends Way> {
  /** The method that is compared. */
  readonly [Symbol.asyncIterator]: () => { readonly next: () => PromiseLike<ComparedStep<I, R, W>> };
}

/** A {@link Compared} of a web stream. */
export interface ComparedChunks<I, R extends Rule, W extends Way> {
  /** The method that is compared. */
  readonly getReader: () => { readonly read: () => PromiseLike<ComparedStep<I, R, W>> };
}

/** A {@link Compared} of a generator. */
export interface ComparedSteps<I, R extends Rule, W extends Way> {
  /** The method that is compared. */
  readonly [Symbol.iterator]: () => { readonly next: () => ComparedStep<I, R, W> };
}

/** A {@link Compared} of one result of `next()`. */
export type ComparedStep<I, R extends Rule, W extends Way> =
  | { readonly done?: false | undefined; readonly value: Compared<I, R, W> }
  | { readonly done: true; readonly value: unknown };

/**
 * If the plugin calls a function that it has taken, the call returns a promise, whatever the function's type
 * says. So a taken function with a synchronous type breaks `sync`.
 */
export type ComparedFunction<F extends AnyFunction, R extends Rule, W extends Way> = F extends (
  ...args: infer A
) => infer Q
  ? Against<
      W extends 'sent' ? 'changes' : AreAsync<F, Q> extends true ? never : 'changes' | 'sync',
      R,
      (...args: NarrowedAll<A, R, Back<W>>) => ComparedResult<Q, R, W>
    >
  : F;

/** A {@link Compared} of a result, with or without its promise. */
export type ComparedResult<Q, R extends Rule, W extends Way> = 0 extends 1 & Q
  ? Q
  : Compared<Awaited<Q>, R, W> | PromiseLike<Compared<Awaited<Q>, R, W>>;

/**
 * Like {@link Compared}, for the parameters of a function. Parameters are compared the other way round: the
 * compiler checks that the copy is assignable to the type. So this copy keeps every member of the type.
 */
export type Narrowed<T, R extends Rule, W extends Way> = 0 extends 1 & T
  ? T
  : T extends EitherMark<T>
    ? T
    : IsMarked<T> extends true
      ? Against<'changes', R, HidesMembers<T> extends true ? T : NarrowedMembers<T, R & 'sync', W>>
      : T extends Itself
        ? Against<'this', R, T>
        : T extends symbol
          ? Against<'symbol', R, T>
          : T extends Copied
            ? Against<CopiedRule<T, W>, R, T>
            : T extends AnyFunction
              ? NarrowedFunction<T, R, W>
              : T extends PromiseLike<unknown>
                ? Against<'promise', R, T>
                : T extends ReadableStream<infer I>
                  ? NarrowedChunks<I, R, W>
                  : T extends AsyncIterable<infer I>
                    ? NarrowedPlain<T, AsyncGenerator<I, never, undefined>, NarrowedItems<I, R, W>, R, W>
                    : T extends Stepped<infer I>
                      ? Against<W extends 'sent' ? 'changes' : 'sync', R, NarrowedSteps<I, R, W>>
                      : T extends BuiltIn
                        ? Against<'builtin', R, T>
                        : T extends ReadonlyMap<infer K, infer V>
                          ? NarrowedPlain<T, Map<K, V>, NarrowedMap<K, V, R, W>, R, W>
                          : T extends ReadonlySet<infer V>
                            ? NarrowedPlain<T, Set<V>, NarrowedSet<V, R, W>, R, W>
                            : T extends readonly unknown[]
                              ? T[number][] extends T
                                ? NarrowedList<T[number], R, W>
                                : { [K in keyof T]: Narrowed<T[K], R, W> }
                              : T extends object
                                ? HidesMembers<T> extends true
                                  ? Against<'class', R, T>
                                  : NarrowedMembers<T, R, W>
                                : T;

/**
 * The copy of a value of the type `Plain`. A subtype of `Plain` is not copied, because its copy would lack the
 * subtype's own members.
 */
export type NarrowedPlain<T, Plain, Copy, R extends Rule, W extends Way> = [Plain] extends [T]
  ? Copy
  : Against<OwnRule<T, Plain, W>, R, T>;

/** A {@link Narrowed} of each argument of a list. */
export type NarrowedAll<A extends readonly unknown[], R extends Rule, W extends Way> = {
  [K in keyof A]: Narrowed<A[K], R, W>;
};

/** A {@link Narrowed} of each member of an object. */
export type NarrowedMembers<T, R extends Rule, W extends Way> = {
  [K in keyof T]: K extends symbol ? T[K] : Narrowed<T[K], R, W>;
};

/**
 * A {@link Narrowed} of a list. This type and the next five are interfaces, because the compiler computes the
 * base types of an interface only when it compares them.
 */
export interface NarrowedList<I, R extends Rule, W extends Way> extends Array<Narrowed<I, R, W>> {}

/** A {@link Narrowed} of a map. */
export interface NarrowedMap<K, V, R extends Rule, W extends Way> extends Map<
  Narrowed<K, R, W>,
  Narrowed<V, R, W>
> {}

/** A {@link Narrowed} of a set. */
export interface NarrowedSet<V, R extends Rule, W extends Way> extends Set<Narrowed<V, R, W>> {}

/** A {@link Narrowed} of a web stream. */
export interface NarrowedChunks<I, R extends Rule, W extends Way> extends ReadableStream<Narrowed<I, R, W>> {}

/** A {@link Narrowed} of an async iterable. */
export interface NarrowedItems<I, R extends Rule, W extends Way> extends AsyncGenerator<
  Narrowed<I, R, W>,
  never,
  unknown
> {}

/** A {@link Narrowed} of a generator. */
export interface NarrowedSteps<I, R extends Rule, W extends Way> extends Generator<
  Narrowed<I, R, W>,
  never,
  unknown
> {}

/** Like {@link ComparedFunction}, for a function that is a parameter. */
export type NarrowedFunction<F extends AnyFunction, R extends Rule, W extends Way> = F extends (
  ...args: never
) => infer Q
  ? Against<
      W extends 'sent' ? 'changes' : AreAsync<F, Q> extends true ? never : 'changes' | 'sync',
      R,
      NarrowedSignatures<Signatures<F>, R, W>
    >
  : F;

/** A {@link Narrowed} of the signatures of a function. */
export type NarrowedSignatures<L, R extends Rule, W extends Way> = L extends [
  [infer A extends readonly unknown[], infer Q],
  ...infer Rest,
]
  ? ((...args: ComparedAll<A, R, Back<W>>) => NarrowedResult<Q, R, W>) & NarrowedSignatures<Rest, R, W>
  : unknown;

/** A {@link Narrowed} of a result, with or without its promise. */
export type NarrowedResult<Q, R extends Rule, W extends Way> = 0 extends 1 & Q
  ? Q
  : Q extends PromiseLike<infer V>
    ? Promise<Narrowed<V, R, W>>
    : Narrowed<Q, R, W>;

/**
 * True if {@link IsAsync} is true for the results of all signatures of `F`. `Q` is the result of the last
 * signature, and is checked first, because most functions have only one signature.
 */
export type AreAsync<F extends AnyFunction, Q> = IsAsync<Q> extends true ? AllAsync<Signatures<F>> : false;

/** True if {@link IsAsync} is true for the result of each signature of a list. */
export type AllAsync<L> = L extends [[unknown, infer Q], ...infer Rest]
  ? IsAsync<Q> extends true
    ? AllAsync<Rest>
    : false
  : true;

/** True for a result that may be a promise or an async iterable, or that the caller ignores. */
export type IsAsync<Q> = unknown extends Q
  ? true
  : void extends Q
    ? true
    : [Q] extends [never]
      ? true
      : [AsyncPart<Q>] extends [never]
        ? false
        : true;

/**
 * The members of a union that are promises or async iterables, streams and async generators not included.
 */
export type AsyncPart<Q> =
  Q extends PromiseLike<unknown>
    ? Q
    : Q extends AsyncIterator<unknown, unknown, never> | Readable | ReadableStream<unknown>
      ? never
      : Q extends AsyncIterable<unknown>
        ? Q
        : never;

/**
 * True for a class with private or protected members. A copy of its public members is not assignable to the
 * class.
 */
export type HidesMembers<T> = { [K in keyof T]: T[K] } extends T ? false : true;
