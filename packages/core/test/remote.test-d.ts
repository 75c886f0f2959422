import type { Readable } from 'node:stream';
import { expectTypeOf, test } from 'vitest';
import {
  type ContractErrors,
  type ContractHandlers,
  type ContractInterface,
  declaredError,
  defineContract,
  implement,
  isDeclaredError,
  type Reference,
  type Remote,
  type RemoteIterable,
  type RemoteReadable,
  type RemoteStream,
  type StandardSchema,
} from './support/internals.ts';

interface Counter {
  next(): number;
  reset(): Promise<void>;
}

interface Service {
  readonly version: string;
  greet(name: string, options?: { signal?: AbortSignal }): Promise<string>;
  add(a: number, b: number): number;
  either(flag: boolean): string | Promise<string>;
  nothing(): void;
  fails(): never;
  count(to: number): AsyncIterable<number>;
  generate(to: number): AsyncGenerator<number, string, undefined>;
  later(): Promise<AsyncIterable<string>>;
  steps(to: number): Generator<number, string, undefined>;
  iterator(): IterableIterator<number>;
  laterSteps(): Promise<Generator<number, string, undefined>>;
  iterable(): Iterable<number>;
  boxed(): { steps: Generator<number, string, undefined> };
  loose(): unknown;
  bytes(): ReadableStream<Uint8Array>;
  node(): Readable;
  identity<T>(value: T): Promise<T>;
  over(a: string): string;
  over(a: number): number;
  each(words: string[], visit: (word: string, index: number) => void | Promise<void>): Promise<number>;
  make(): { next: () => number; label: string };
  open(): Promise<Reference<Counter>>;
  subscribe(): () => Promise<void>;
  optional?(x: number): number;
  list(): Map<string, Date>[];
  first<T>(list: T[]): T;
  firstOf<T>(list: T[]): Promise<T>;
}

declare const remote: Remote<Service>;

test('Remote keeps asynchronous results unchanged', () => {
  expectTypeOf(remote.greet).toEqualTypeOf<Service['greet']>();
  expectTypeOf(remote.each).toEqualTypeOf<Service['each']>();
  expectTypeOf(remote.count).toEqualTypeOf<Service['count']>();
  expectTypeOf(remote.identity).toEqualTypeOf<Service['identity']>();
  expectTypeOf(remote.identity({ a: 1 })).resolves.toEqualTypeOf<{ a: number }>();
});

test('Remote makes a synchronous result a promise, and does not change a result that is a promise', () => {
  expectTypeOf(remote.add).toEqualTypeOf<(a: number, b: number) => Promise<number>>();
  expectTypeOf(remote.either(true)).toEqualTypeOf<Promise<string>>();
  expectTypeOf(remote.nothing()).toEqualTypeOf<Promise<void>>();
  expectTypeOf(remote.fails()).toEqualTypeOf<Promise<never>>();
  expectTypeOf(remote.list()).toEqualTypeOf<Promise<Map<string, Date>[]>>();
});

test('Remote keeps the type parameters of a generic method if its result is a promise', () => {
  expectTypeOf(remote.firstOf([1])).toEqualTypeOf<Promise<number>>();
  // For a synchronous generic method, TypeScript cannot keep the type parameter (docs/calls.md).
  expectTypeOf(remote.first).toEqualTypeOf<(list: unknown[]) => Promise<unknown>>();
});

test('Remote keeps each overload of a method', () => {
  expectTypeOf(remote.over('a')).toEqualTypeOf<Promise<string>>();
  expectTypeOf(remote.over(1)).toEqualTypeOf<Promise<number>>();
});

test('Remote lets a stream be iterated without awaiting its call', () => {
  expectTypeOf(remote.generate(1)).toEqualTypeOf<RemoteStream<number, string>>();
  expectTypeOf(remote.later()).toEqualTypeOf<RemoteStream<string>>();
  expectTypeOf<Awaited<ReturnType<typeof remote.generate>>>().toEqualTypeOf<
    AsyncGenerator<number, string, undefined>
  >();
});

test('Remote gives a synchronous generator the type of the stream that it becomes', () => {
  expectTypeOf(remote.steps(1)).toEqualTypeOf<RemoteStream<number, string>>();
  expectTypeOf(remote.laterSteps()).toEqualTypeOf<RemoteStream<number, string>>();
  expectTypeOf(remote.iterator()).toExtend<AsyncIterable<number> & PromiseLike<AsyncIterable<number>>>();
  expectTypeOf(remote.iterable()).toEqualTypeOf<RemoteIterable<number>>();
  expectTypeOf(remote.iterable()).toExtend<AsyncIterable<number>>();
  expectTypeOf(remote.boxed()).toEqualTypeOf<Promise<{ steps: AsyncGenerator<number, string, undefined> }>>();
  expectTypeOf(remote.loose()).toEqualTypeOf<Promise<unknown>>();
});

test('Remote lets a web stream and a Node stream be iterated or awaited', () => {
  expectTypeOf(remote.bytes()).toEqualTypeOf<RemoteReadable<ReadableStream<Uint8Array>>>();
  expectTypeOf(remote.bytes()).toExtend<AsyncIterable<Uint8Array>>();
  expectTypeOf(remote.bytes()).resolves.toEqualTypeOf<ReadableStream<Uint8Array>>();
  expectTypeOf(remote.node()).toExtend<AsyncIterable<unknown>>();
  expectTypeOf(remote.node()).resolves.toEqualTypeOf<Readable>();
});

test('a remote can be disposed of', () => {
  const use = (): void => {
    using held = remote;
    void held.greet('world');
  };
  expectTypeOf(use).returns.toBeVoid();
  expectTypeOf(remote).toExtend<Disposable>();
});

test('a remote of an unknown interface can be disposed of', () => {
  // eslint-disable-next-line typescript/no-explicit-any -- untyped code has this type
  expectTypeOf<Remote<any>>().toExtend<Disposable>();
  expectTypeOf<Remote<object>>().toExtend<Disposable>();
});

test('Remote makes functions in results asynchronous and disposable', () => {
  expectTypeOf<Awaited<ReturnType<typeof remote.make>>['label']>().toEqualTypeOf<string>();
  const next = {} as Awaited<ReturnType<typeof remote.make>>['next'];
  expectTypeOf(next()).toEqualTypeOf<Promise<number>>();
  expectTypeOf(next).toExtend<Disposable>();
  const unsubscribe = {} as Awaited<ReturnType<typeof remote.subscribe>>;
  expectTypeOf(unsubscribe()).toEqualTypeOf<Promise<void>>();
});

test('Remote makes a declared reference a remote that can be disposed of', () => {
  const counter = {} as Awaited<ReturnType<typeof remote.open>>;
  expectTypeOf(counter.next()).toEqualTypeOf<Promise<number>>();
  expectTypeOf(counter.reset()).toEqualTypeOf<Promise<void>>();
  expectTypeOf(counter).toExtend<Disposable>();
});

test('Remote makes functions asynchronous at any place in a result or an item', () => {
  interface Deep {
    inside(): { list: { call: () => number }[] };
    held(): Map<string, { call: () => number }>;
    items(): AsyncIterable<{ call: () => number }>;
    marked(): AsyncIterable<Reference<{ next(): number }>>;
    steps(): Generator<() => number>;
    any(): AsyncIterable<unknown>;
  }
  const deep = {} as Remote<Deep>;
  type Item<S> = S extends AsyncIterable<infer I> ? I : never;
  type Call = { call: (() => Promise<number>) & Disposable };
  expectTypeOf<Awaited<ReturnType<typeof deep.inside>>>().toEqualTypeOf<{ list: Call[] }>();
  expectTypeOf<Awaited<ReturnType<typeof deep.held>>>().toEqualTypeOf<Map<string, Call>>();
  expectTypeOf<Item<ReturnType<typeof deep.items>>>().toEqualTypeOf<Call>();
  expectTypeOf<ReturnType<Item<ReturnType<typeof deep.marked>>['next']>>().toEqualTypeOf<Promise<number>>();
  expectTypeOf<ReturnType<Item<ReturnType<typeof deep.steps>>>>().toEqualTypeOf<Promise<number>>();
  expectTypeOf(deep.any).toEqualTypeOf<Deep['any']>();
});

test('Remote handles a type that contains itself', () => {
  type Tree = Map<string, Tree>;
  interface Linked {
    next: Linked[];
    call(): number;
  }
  const endless = {} as Remote<{ tree(): Promise<Tree>; linked(): Linked }>;
  expectTypeOf<Awaited<ReturnType<typeof endless.tree>>>().toEqualTypeOf<Tree>();
  type Far = Awaited<ReturnType<typeof endless.linked>>['next'][0]['next'][0]['call'];
  expectTypeOf<ReturnType<Far>>().toEqualTypeOf<Promise<number>>();
});

test('Remote lacks the methods that a remote answers without a call', () => {
  interface Document {
    toJSON(): Promise<string>;
    toString(): string;
    then(): void;
    catch(): void;
    text(): string;
  }
  const document = {} as Remote<Document>;
  expectTypeOf<Extract<keyof typeof document, string>>().toEqualTypeOf<'text'>();
});

test('Remote has only methods', () => {
  expectTypeOf<'version' extends keyof Remote<Service> ? true : false>().toEqualTypeOf<false>();
  // @ts-expect-error a remote's methods can't be replaced
  remote.greet = async () => '';
  // @ts-expect-error arguments are checked
  void remote.add('1', 2);
});

test('Remote has every method that is optional in the interface', () => {
  expectTypeOf(remote.optional).toEqualTypeOf<(x: number) => Promise<number>>();
  expectTypeOf(remote.optional(1)).toEqualTypeOf<Promise<number>>();
  // @ts-expect-error -- the method always exists, so the condition would always be true
  if (remote.optional) void remote.greet('x');
  interface Optional {
    property?: (() => number) | undefined;
    nullable?: (() => Promise<string>) | null;
    version?: string;
  }
  const optional = {} as Remote<Optional>;
  expectTypeOf(optional.property).toEqualTypeOf<() => Promise<number>>();
  expectTypeOf(optional.nullable).toEqualTypeOf<() => Promise<string>>();
  expectTypeOf<Extract<keyof typeof optional, string>>().toEqualTypeOf<'property' | 'nullable'>();
});

declare const text: StandardSchema<string>;
declare const number: StandardSchema<string, number>;
declare const key: StandardSchema<{ key: string }>;

test('the types of both sides of a contract follow from its schemas', () => {
  const contract = defineContract({
    get: { input: [text], output: number, errors: { NOT_FOUND: key } },
    put: { input: [text, number], errors: { FULL: number } },
    watch: { input: [], items: number },
  });
  type Kv = ContractInterface<typeof contract>;
  expectTypeOf<Parameters<Kv['get']>[0]>().toEqualTypeOf<string>();
  expectTypeOf<ReturnType<Kv['get']>>().toEqualTypeOf<Promise<number>>();
  expectTypeOf<ReturnType<Kv['watch']>>().toEqualTypeOf<AsyncIterable<number>>();
  expectTypeOf<Parameters<ContractHandlers<typeof contract>['put']>[1]>().toEqualTypeOf<number>();
  expectTypeOf<ReturnType<ContractHandlers<typeof contract>['get']>>().toEqualTypeOf<
    string | Promise<string>
  >();
  expectTypeOf<ContractErrors<typeof contract>>().toEqualTypeOf<{
    NOT_FOUND: { key: string };
    FULL: number;
  }>();

  const error: unknown = new Error();
  if (isDeclaredError(contract, error, 'NOT_FOUND')) {
    expectTypeOf(error.data).toEqualTypeOf<{ key: string }>();
    expectTypeOf(error.code).toEqualTypeOf<'NOT_FOUND'>();
  }
  // A handler gives the input of the error's schema, and a caller gets the schema's output.
  expectTypeOf(declaredError(contract, 'FULL', '5').data).toEqualTypeOf<string>();
  // @ts-expect-error the schema takes a string
  void declaredError(contract, 'FULL', 5);
  // @ts-expect-error no such error is declared
  void declaredError(contract, 'NOPE', {});
  // @ts-expect-error the data has another type
  void declaredError(contract, 'NOT_FOUND', { id: 1 });
  // A plugin set that requires the contract's interface accepts an implementation of the contract.
  expectTypeOf<ReturnType<typeof implement<typeof contract>>>().toEqualTypeOf<
    ContractInterface<typeof contract>
  >();
  // @ts-expect-error a method has no handler
  void implement(contract, { get: () => '1' });
});
