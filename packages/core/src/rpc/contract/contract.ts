/**
 * Contracts: methods with schemas, against which both sides check values at run time. Use a contract if a
 * plain interface is not enough.
 */
import { PipeworkError } from '../../base/errors.ts';
import { expect, expectKeys, isObject } from '../../base/expect.ts';
import type { Remote } from '../remote/remote-types.ts';
import type { Same } from '../remote/signatures.ts';
import type { InputOf, OutputOf, StandardSchema } from './standard-schema.ts';

/**
 * The declaration of one method in a contract. Each schema can come from any validator that implements
 * Standard Schema.
 */
export interface MethodSchemas {
  /** A text that tells people what the method does. `rpc.describe()` and the `pipework` command show it. */
  readonly doc?: string;
  /**
   * The schemas of the arguments, in order. Callers may leave out trailing arguments that accept `undefined`.
   * After the arguments, callers may pass an options object with an abort signal.
   */
  readonly input?: readonly StandardSchema[];
  /** The schema of the result. */
  readonly output?: StandardSchema;
  /** The schema of each item, if the result is a stream. */
  readonly items?: StandardSchema;
  /**
   * The errors that callers can tell apart. Each key is the code of an error, and its value is the schema of
   * the error's data.
   */
  readonly errors?: Readonly<Record<string, StandardSchema>>;
}

/** The options object that callers may pass as the last argument of every method of a contract. */
export interface MethodOptions {
  /** When this signal aborts, the call rejects immediately, and the handler's signal aborts too. */
  readonly signal?: AbortSignal | undefined;
}

declare const types: unique symbol;
declare const named: unique symbol;

/**
 * A contract, as {@link defineContract} returns it. The type refers to no validator, so the type declarations
 * of a package that exports a contract do not need the validator's types. `T` is the interface that the
 * contract was made for; `unknown` if its interface follows from its schemas.
 */
export interface Contract<M, T = unknown> {
  /** The schemas of each method, by the method's name, as `defineContract()` got them. */
  readonly methods: Readonly<Record<string, MethodSchemas>>;
  /** Carries the types of the methods. At run time this property does not exist. */
  readonly [types]?: M;
  /** Carries the interface `T`, so that editors show its name. At run time this property does not exist. */
  readonly [named]?: T;
}

/** The arguments of a caller, from the schemas of a method. */
export type Inputs<S> = S extends readonly StandardSchema[]
  ? OptionalTail<{ -readonly [K in keyof S]: InputOf<S[K]> }>
  : [];

/** The arguments `L`. Trailing arguments that may be undefined are optional. */
export type OptionalTail<L extends readonly unknown[]> = L extends readonly [...infer Rest, infer Last]
  ? undefined extends Last
    ? [...rest: OptionalTail<Rest>, last?: Last]
    : L
  : L;

/** The arguments of a handler, from the schemas of a method. */
export type Outputs<S> = S extends readonly StandardSchema[]
  ? { -readonly [K in keyof S]: OutputOf<S[K]> }
  : [];

/**
 * The value of the key `K` in the declaration of a method; `undefined` if the declaration has no such key.
 */
export type Given<D, K extends keyof MethodSchemas> = D extends { readonly [P in K]: infer S }
  ? S
  : undefined;

/** Refuses unknown keys, because a misspelt `input` would leave the arguments of the method unchecked. */
export type NoOthers<D> = {
  readonly [K in keyof D]: { readonly [P in Exclude<keyof D[K], keyof MethodSchemas>]: never };
};

/** The data of each declared error of a method as a caller gets it, by code. */
export type ErrorsOf<D> =
  Given<D, 'errors'> extends Readonly<Record<string, StandardSchema>>
    ? { [C in keyof Given<D, 'errors'>]: OutputOf<Given<D, 'errors'>[C]> }
    : Record<never, never>;

/** The data of each declared error of a method as a handler gives it, by code. */
export type RaisesOf<D> =
  Given<D, 'errors'> extends Readonly<Record<string, StandardSchema>>
    ? { [C in keyof Given<D, 'errors'>]: InputOf<Given<D, 'errors'>[C]> }
    : Record<never, never>;

/** The parameters without the trailing options object, whose signal cancels the call. */
export type WithoutOptions<A extends readonly unknown[]> = A extends readonly [...infer Rest, (infer Last)?]
  ? 'signal' extends keyof NonNullable<Last>
    ? Rest
    : A
  : A;

/** A schema for each parameter of a method. */
export type InputSchemas<L extends readonly unknown[]> = {
  readonly [I in keyof L]-?: StandardSchema<unknown, L[I]>;
};

/**
 * The schemas that fit an interface. Each method can have a schema for each parameter, and a schema for the
 * result. If the method returns a stream, a schema for the items replaces the schema for the result.
 */
export type SchemasOf<T> = {
  readonly [K in keyof T]: NonNullable<T[K]> extends (...args: infer A) => infer R
    ? Pick<MethodSchemas, 'doc' | 'errors'> & {
        readonly input?: InputSchemas<WithoutOptions<A>>;
      } & (R extends AsyncIterable<infer Item>
          ? { readonly items?: StandardSchema<unknown, Item> }
          : R extends Promise<infer Result>
            ? { readonly output?: StandardSchema<unknown, Result> }
            : never)
    : never;
};

/**
 * Maps each schema of `S` to `unknown` if the schema accepts the type at the same index in `L`, and to
 * `never` if it does not.
 */
export type Taking<S, L> = {
  readonly [I in keyof S]: I extends keyof L ? (L[I] extends InputOf<S[I]> ? unknown : never) : unknown;
};

/**
 * Refuses schemas that do not accept the interface's types. {@link SchemasOf} refuses schemas that do not
 * produce these types.
 */
export type TakingEach<D, T> = {
  readonly [K in keyof D & keyof T]: NonNullable<T[K]> extends (...args: infer A) => infer R
    ? {
        readonly input?: Taking<Given<D[K], 'input'>, WithoutOptions<A>>;
        readonly output?: Awaited<R> extends InputOf<Given<D[K], 'output'>> ? unknown : never;
        readonly items?: R extends AsyncIterable<InputOf<Given<D[K], 'items'>>> ? unknown : never;
      }
    : unknown;
};

/** The handler of a method. Where the method returns a promise, the handler may also return the value. */
export type HandlerOf<F> = F extends (...args: infer A) => infer R
  ? (...args: A) => R extends Promise<infer Result> ? Result | Promise<Result> : R
  : never;

/** The function that `defineContract<T>()` returns. It takes the schemas of the methods of `T`. */
export interface ContractMaker<T extends object> {
  /** Makes the contract. Throws the errors of {@link defineContract}. */
  <const D extends SchemasOf<T>>(
    methods: D & NoOthers<D> & TakingEach<D, T> & Readonly<Record<Exclude<keyof D, keyof T>, never>>,
  ): Contract<
    {
      [K in keyof T as K extends keyof D ? K : never]-?: {
        call: NonNullable<T[K]>;
        handle: HandlerOf<NonNullable<T[K]>>;
        errors: K extends keyof D ? ErrorsOf<D[K]> : never;
        raises: K extends keyof D ? RaisesOf<D[K]> : never;
      };
    },
    T
  >;
}

/**
 * Makes a contract for an interface that exists already: `defineContract<Kv>()({ get: { input: [key], output:
 * text } })`. The names of parameters and the docs of methods are those of the interface, and each schema
 * must fit the interface. `input` has a schema for each parameter, or is left out. A method that is optional
 * in the interface may be left out. Each method must return a promise or an async iterable, because a caller on
 * the other side gets one of these.
 */
export function defineContract<T extends object>(): ContractMaker<T>;

/**
 * Makes a contract from schemas, for both sides: `implement(contract, handlers)` in the plugin,
 * `checked(contract, remote)` in the host. Throws `CONFIG_INVALID` for a schema that does not follow Standard
 * Schema, and for an unknown key of a method. Methods without schemas are declared with `{}`.
 */
export function defineContract<const D extends Readonly<Record<string, MethodSchemas>>>(
  methods: D & NoOthers<D>,
): Contract<{
  [K in keyof D]: {
    call: (
      ...args: [...args: Inputs<Given<D[K], 'input'>>, options?: MethodOptions]
    ) => Given<D[K], 'items'> extends StandardSchema
      ? AsyncIterable<OutputOf<Given<D[K], 'items'>>>
      : Promise<Given<D[K], 'output'> extends StandardSchema ? OutputOf<Given<D[K], 'output'>> : unknown>;
    handle: (
      ...args: [...args: Outputs<Given<D[K], 'input'>>, options?: MethodOptions]
    ) => Given<D[K], 'items'> extends StandardSchema
      ? AsyncIterable<InputOf<Given<D[K], 'items'>>>
      : Given<D[K], 'output'> extends StandardSchema
        ? InputOf<Given<D[K], 'output'>> | Promise<InputOf<Given<D[K], 'output'>>>
        : unknown;
    errors: ErrorsOf<D[K]>;
    raises: RaisesOf<D[K]>;
  };
}>;
export function defineContract(...given: [methods?: Readonly<Record<string, MethodSchemas>>]): unknown {
  if (given.length === 0) return checkedContract;
  return checkedContract(given[0]);
}

function checkedContract(methods: unknown): Contract<never> {
  expect(isObject(methods), 'the argument of defineContract()', 'an object of methods', methods);
  for (const [name, schemasOf] of Object.entries(methods as Record<string, MethodSchemas>)) {
    expectKeys(`the method ${name}`, schemasOf, ['doc', 'input', 'output', 'items', 'errors']);
    const { doc, input = [], output, items, errors = {} } = schemasOf;
    expect(doc === undefined || typeof doc === 'string', `the doc of the method ${name}`, 'a text', doc);
    expect(
      Array.isArray(input),
      `the input of the method ${name}`,
      'a list of schemas, one for each argument',
      input,
    );
    expect(isObject(errors), `the errors of the method ${name}`, 'an object of schemas by code', errors);
    const schemas = [
      ...input,
      ...Object.values(errors),
      ...(output ? [output] : []),
      ...(items ? [items] : []),
    ];
    for (const schema of schemas) checkSchema(schema, name);
    if (output !== undefined && items !== undefined) {
      throw new PipeworkError(
        'CONFIG_INVALID',
        `the method ${name} has both output and items: give one of them`,
      );
    }
  }
  return { methods: methods as Contract<never>['methods'] };
}

function checkSchema(schema: unknown, name: string): void {
  const standard = (Object(schema) as Partial<StandardSchema>)['~standard'];
  if (typeof standard?.validate === 'function') return;
  throw new PipeworkError(
    'CONFIG_INVALID',
    `a schema of the method ${name} must implement Standard Schema, with "~standard".validate, as the schemas of zod 3.24, valibot 1 and arktype 2 do; got ${typeof schema}`,
  );
}

/** The types of the methods of a contract. */
export type TypesOf<C> = C extends Contract<infer M> ? M : never;

/** The interface of a contract for callers: `interface Kv extends ContractInterface<typeof kv> {}`. */
export type ContractInterface<C> =
  C extends Contract<infer M, infer T>
    ? unknown extends T
      ? { [K in keyof M]: M[K] extends { call: infer F } ? F : never }
      : T
    : never;

/**
 * The object that `checked()` returns for a contract of schemas only, whose methods have the types `T`. The
 * results have the types that the schemas return.
 */
export type CheckedRemote<T> = T & Disposable;

/**
 * The type that `checked()` returns for the contract `C` and a remote `R`: for a contract of an interface, the
 * remote of that interface, and otherwise a {@link CheckedRemote}.
 */
export type CheckedBy<C, R> =
  C extends Contract<infer _, infer T>
    ? unknown extends T
      ? CheckedSchemas<ContractInterface<C>, R>
      : Remote<T>
    : never;

/**
 * A {@link CheckedRemote} of `T`. If the remote's interface is the same as the contract's, editors show its
 * name.
 */
export type CheckedSchemas<T, R> = [R] extends [Remote<infer Named>]
  ? Same<{ [K in keyof Named]: Named[K] }, { [K in keyof T]: T[K] }> extends true
    ? CheckedRemote<Named>
    : CheckedRemote<T>
  : CheckedRemote<T>;

/** The handlers that a plugin writes for a contract. */
export type ContractHandlers<C> = {
  [K in keyof TypesOf<C>]: TypesOf<C>[K] extends { handle: infer F } ? F : never;
};

/**
 * The declared errors of all methods of a contract. Each property has an error's code as its name, and the
 * type of the error's data.
 */
export type ContractErrors<C> = Merge<
  { [K in keyof TypesOf<C>]: TypesOf<C>[K] extends { errors: infer E } ? E : never }[keyof TypesOf<C>]
>;

/**
 * Like {@link ContractErrors}, but with the types of the data that a handler passes to `declaredError`. The
 * schemas may transform this data.
 */
export type ContractRaises<C> = Merge<
  { [K in keyof TypesOf<C>]: TypesOf<C>[K] extends { raises: infer E } ? E : never }[keyof TypesOf<C>]
>;

/** One object type with the properties of all members of a union. */
export type Merge<U> = {
  [C in U extends unknown ? keyof U : never]: U extends { [P in C]: infer D } ? D : never;
};
