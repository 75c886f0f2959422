/**
 * Tests that code does not compile if it would fail at run time, and compiles if it works.
 * `rpc/declared-types.test.ts` runs the same cases.
 */
import { EventEmitter } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { expectTypeOf, test } from 'vitest';
import {
  ref,
  serve,
  type CannotTravel,
  type CanServe,
  type Client,
  type LocalOrRemote,
  type Reference,
  type Remote,
  type RemoteStream,
} from '../src/index.ts';
import { serveMux } from '../src/plugin.ts';

/** The reason in the type that replaces a refused method, or `compiles` if the method is accepted. */
type Reason<M> = M extends CannotTravel<infer Why> ? Why : 'compiles';
type Says<M, Text extends string> = Reason<M> extends `${string}${Text}${string}` ? true : false;

class Account {
  #balance = 0;
  async deposit(amount: number): Promise<number> {
    return (this.#balance += amount);
  }
}

interface Values {
  inside(): { rows: Promise<number>[] };
  insideLater(): Promise<Map<string, Promise<number>>>;
  items(): AsyncIterable<{ row: Promise<number> }>;
  symbol(): symbol;
  symbolIn(options: { tag?: symbol }): void;
  account(): Account;
  accounts(): Promise<{ list: Account[] }>;
  accountIn(account: Account): Promise<void>;
  accountToCallback(visit: (account: Account) => void): Promise<void>;
  fluent(): this;
  later(): Promise<this>;
  marked(): Promise<Reference<Account>>;
  self(): Reference<this>;
  other(): { call(): Promise<number> };
  plain(options: { at: Date; tags: Set<string> }): Promise<{ bytes: Uint8Array }>;
}
declare const values: Remote<Values>;

test('the compiler refuses a promise inside a result or an item', () => {
  expectTypeOf<Says<typeof values.inside, 'inside() has a promise inside a value'>>().toEqualTypeOf<true>();
  expectTypeOf<Says<typeof values.insideLater, 'ref(object)'>>().toEqualTypeOf<true>();
  expectTypeOf<Says<typeof values.items, 'promise'>>().toEqualTypeOf<true>();
  // @ts-expect-error -- it can't be called
  void values.inside();
});

test('the compiler refuses symbols and instances of classes with private members, both ways', () => {
  expectTypeOf<Says<typeof values.symbol, 'a symbol'>>().toEqualTypeOf<true>();
  expectTypeOf<Says<typeof values.symbolIn, 'a symbol'>>().toEqualTypeOf<true>();
  expectTypeOf<Says<typeof values.account, 'mark it with ref()'>>().toEqualTypeOf<true>();
  expectTypeOf<Says<typeof values.accounts, 'mark it with ref()'>>().toEqualTypeOf<true>();
  expectTypeOf<Says<typeof values.accountIn, 'mark it with ref()'>>().toEqualTypeOf<true>();
  expectTypeOf<Says<typeof values.accountToCallback, 'mark it with ref()'>>().toEqualTypeOf<true>();
});

test('the compiler refuses instances of built-in classes that are never sent, both ways', () => {
  type Refused<T> = Says<
    Remote<{ method(value: T): void }>['method'] | Remote<{ method(): { inner: T }[] }>['method'],
    'method() has an instance of a built-in class that is not copied'
  >;
  expectTypeOf<Refused<Headers>>().toEqualTypeOf<true>();
  expectTypeOf<Refused<Request>>().toEqualTypeOf<true>();
  expectTypeOf<Refused<Response>>().toEqualTypeOf<true>();
  expectTypeOf<Refused<FormData>>().toEqualTypeOf<true>();
  expectTypeOf<Refused<Blob>>().toEqualTypeOf<true>();
  expectTypeOf<Refused<File>>().toEqualTypeOf<true>();
  expectTypeOf<Refused<URLSearchParams>>().toEqualTypeOf<true>();
  expectTypeOf<Refused<WritableStream<Uint8Array>>>().toEqualTypeOf<true>();
  expectTypeOf<Refused<TransformStream>>().toEqualTypeOf<true>();
  expectTypeOf<Refused<InstanceType<typeof MessagePort>>>().toEqualTypeOf<true>();
  expectTypeOf<Refused<InstanceType<typeof BroadcastChannel>>>().toEqualTypeOf<true>();
  expectTypeOf<Refused<Event>>().toEqualTypeOf<true>();
  expectTypeOf<Refused<SharedArrayBuffer>>().toEqualTypeOf<true>();
  expectTypeOf<Refused<WeakMap<Account, number>>>().toEqualTypeOf<true>();
  expectTypeOf<Refused<WeakSet<object>>>().toEqualTypeOf<true>();
  expectTypeOf<Refused<WeakRef<Account>>>().toEqualTypeOf<true>();
  expectTypeOf<Refused<FinalizationRegistry<string>>>().toEqualTypeOf<true>();
  expectTypeOf<Refused<Intl.NumberFormat>>().toEqualTypeOf<true>();
  expectTypeOf<Refused<Intl.Locale>>().toEqualTypeOf<true>();
  expectTypeOf<Refused<Intl.Segmenter>>().toEqualTypeOf<true>();
  expectTypeOf<Refused<EventEmitter>>().toEqualTypeOf<true>();
  expectTypeOf<Refused<Writable>>().toEqualTypeOf<true>();
  class Upload extends Blob {
    async save(): Promise<string> {
      return this.type;
    }
  }
  expectTypeOf<Refused<Upload>>().toEqualTypeOf<true>();
  expectTypeOf<Refused<MessageEvent>>().toEqualTypeOf<true>();

  type Method<M> = CanServe<{ method: M }>;
  type Why = 'method() has an instance of a built-in class';
  expectTypeOf<Says<Method<() => Promise<Response>>, Why>>().toEqualTypeOf<true>();
  expectTypeOf<Says<Method<() => AsyncIterable<Blob>>, Why>>().toEqualTypeOf<true>();
  expectTypeOf<Says<Method<(take: (form: FormData) => void) => void>, Why>>().toEqualTypeOf<true>();
  expectTypeOf<Says<Method<(make: () => Promise<Headers>) => void>, Why>>().toEqualTypeOf<true>();
  expectTypeOf<Says<CanServe<{ method(): Map<string, Blob> }>, Why>>().toEqualTypeOf<true>();
  // @ts-expect-error -- a response is not copied
  void (() => serve({ plugins: { web: () => ({ get: async (url: string) => await fetch(url) }) } }));
});

test('the compiler accepts sets of objects and maps with keys that are objects, both ways', () => {
  type Travels<T> = [
    Reason<Remote<{ method(value: T): void }>['method']>,
    Reason<Remote<{ method(): { inner: T }[] }>['method']>,
    Reason<Remote<{ method(): AsyncIterable<T> }>['method']>,
    CanServe<{ method(value: T): Promise<T> }>,
    CanServe<{ method(visit: (value: T) => Promise<void>): Promise<T[]> }>,
  ];
  type Any = ReturnType<typeof JSON.parse>;
  type Always = ['compiles', 'compiles', 'compiles', unknown, unknown];
  interface User {
    name: string;
  }
  expectTypeOf<Travels<Set<User>>>().toEqualTypeOf<Always>();
  expectTypeOf<Travels<Set<object>>>().toEqualTypeOf<Always>();
  expectTypeOf<Travels<Set<Any>>>().toEqualTypeOf<Always>();
  expectTypeOf<Travels<Set<unknown>>>().toEqualTypeOf<Always>();
  expectTypeOf<Travels<Set<Set<string>>>>().toEqualTypeOf<Always>();
  expectTypeOf<Travels<Set<URL>>>().toEqualTypeOf<Always>();
  expectTypeOf<Travels<ReadonlySet<User>>>().toEqualTypeOf<Always>();
  expectTypeOf<Travels<Map<User, number>>>().toEqualTypeOf<Always>();
  expectTypeOf<Travels<Map<object, Set<User>>>>().toEqualTypeOf<Always>();
  expectTypeOf<Travels<Map<Any, Any>>>().toEqualTypeOf<Always>();
  expectTypeOf<Travels<Map<unknown, unknown>>>().toEqualTypeOf<Always>();
  expectTypeOf<Travels<Map<URL, Map<User, string>>>>().toEqualTypeOf<Always>();
  expectTypeOf<Travels<ReadonlyMap<User, string>>>().toEqualTypeOf<Always>();
  void (() => serve({ plugins: { main: () => ({ users: () => new Set([{ name: 'a' }]) }) } }));
});

test('the compiler accepts plain objects that resemble instances of built-in classes', () => {
  interface Cache {
    get(key: string): Promise<string>;
    set(key: string, value: string): Promise<void>;
    has(key: string): Promise<boolean>;
    delete(key: string): Promise<boolean>;
  }
  interface Part {
    size: number;
    type: string;
    name: string;
    lastModified: number;
    text(): Promise<string>;
    arrayBuffer(): Promise<ArrayBuffer>;
  }
  interface Answer {
    status: number;
    ok: boolean;
    url: string;
    headers: Record<string, string>;
    body: ReadableStream<Uint8Array> | null;
    json(): Promise<unknown>;
  }
  interface Handle {
    deref(): Promise<object | undefined>;
  }
  interface Sorter {
    compare(a: string, b: string): Promise<number>;
    resolvedOptions(): Promise<{ locale: string }>;
  }
  interface Bus {
    addEventListener(type: string, listener: (event: unknown) => void): void;
    removeEventListener(type: string, listener: (event: unknown) => void): void;
    dispatchEvent(event: { type: string }): boolean;
  }
  interface Emitter {
    on(name: string, listener: (...args: unknown[]) => void): Promise<void>;
    off(name: string, listener: (...args: unknown[]) => void): Promise<void>;
    emit(name: string, ...args: unknown[]): Promise<boolean>;
  }
  interface Port {
    postMessage(value: unknown): Promise<void>;
    close(): Promise<void>;
    start(): Promise<void>;
  }
  interface Click {
    type: string;
    timeStamp: number;
    target: string | null;
    bubbles: boolean;
  }
  type Accepted<T> = [
    Reason<Remote<{ method(value: T): void }>['method']>,
    Reason<Remote<{ method(): T }>['method']>,
    Reason<Remote<{ method(): AsyncIterable<T[]> }>['method']>,
  ];
  type Compiles = ['compiles', 'compiles', 'compiles'];
  expectTypeOf<Accepted<Cache>>().toEqualTypeOf<Compiles>();
  expectTypeOf<Accepted<Part>>().toEqualTypeOf<Compiles>();
  expectTypeOf<Accepted<Answer>>().toEqualTypeOf<Compiles>();
  expectTypeOf<Accepted<Handle>>().toEqualTypeOf<Compiles>();
  expectTypeOf<Accepted<Sorter>>().toEqualTypeOf<Compiles>();
  expectTypeOf<Accepted<Bus>>().toEqualTypeOf<Compiles>();
  expectTypeOf<Accepted<Emitter>>().toEqualTypeOf<Compiles>();
  expectTypeOf<Accepted<Port>>().toEqualTypeOf<Compiles>();
  expectTypeOf<Accepted<Click>>().toEqualTypeOf<Compiles>();
  expectTypeOf<Accepted<object>>().toEqualTypeOf<Compiles>();
  expectTypeOf<Accepted<Record<string, unknown>>>().toEqualTypeOf<Compiles>();
  expectTypeOf<Accepted<Reference<EventEmitter>>>().toEqualTypeOf<Compiles>();
  expectTypeOf<
    Accepted<Readable | NodeJS.ReadableStream | URL | AbortSignal | Int32Array>
  >().toEqualTypeOf<Compiles>();
});

test('the compiler refuses a method that returns `this`', () => {
  expectTypeOf<Says<typeof values.fluent, 'fluent() returns this: return ref(this)'>>().toEqualTypeOf<true>();
  expectTypeOf<Says<typeof values.later, 'ref(this)'>>().toEqualTypeOf<true>();
  expectTypeOf<Awaited<ReturnType<typeof values.self>>>().toExtend<Disposable>();
  class Chain {
    next(): this {
      return this;
    }
  }
  expectTypeOf<Says<Remote<Chain>['next'], 'ref(this)'>>().toEqualTypeOf<true>();
});

test('the compiler accepts marked objects, objects with functions and plain values', () => {
  const account = {} as Awaited<ReturnType<typeof values.marked>>;
  expectTypeOf(account.deposit(1)).toEqualTypeOf<Promise<number>>();
  const other = {} as Awaited<ReturnType<typeof values.other>>;
  expectTypeOf(other.call()).toEqualTypeOf<Promise<number>>();
  expectTypeOf(values.plain).toEqualTypeOf<Values['plain']>();
  expectTypeOf(ref(new Account())).toEqualTypeOf<Reference<Account>>();
});

test('the compiler accepts a marked instance of a class with private members as an argument of a callback', () => {
  interface Visits {
    each(visit: (account: Reference<Account>) => Promise<void>): Promise<void>;
    visitor(): Promise<(account: Reference<Account>) => void>;
  }
  expectTypeOf<CanServe<Visits>>().toBeUnknown();
  expectTypeOf<CanServe<{ each(visit: (account: Reference<Account>) => void): void }>>().toBeUnknown();
  const visits = {} as Remote<Visits>;
  void (() => visits.each(async (account) => void (await account.deposit(1))));
  void (async () => (await visits.visitor())(ref(new Account())));
});

test('Remote makes each overload return a promise, even if one of them already did', () => {
  interface Mixed {
    read(path: string, done: (error: Error | null, text: string) => void): void;
    read(path: string): Promise<string>;
    get(key: 'count'): number;
    get(key: string): Promise<string>;
    five(key: 'a'): 1;
    five(key: 'b'): 2;
    five(key: 'c'): Promise<3>;
    five(key: 'd'): 4;
    five(key: 'e'): Promise<5>;
  }
  const mixed = {} as Remote<Mixed>;
  const use = () => ({
    void: mixed.read('a', () => {}),
    text: mixed.read('a'),
    count: mixed.get('count'),
    any: mixed.get('x'),
    one: mixed.five('a'),
    four: mixed.five('d'),
  });
  expectTypeOf(use).returns.toEqualTypeOf<{
    void: Promise<void>;
    text: Promise<string>;
    count: Promise<number>;
    any: Promise<string>;
    one: Promise<1>;
    four: Promise<4>;
  }>();
});

test('Remote makes functions asynchronous at any depth', () => {
  type Nested = { a: { b: { c: { d: { e: { f: { g: { h: { i: () => number } } } } } } } } };
  type Maps = Map<string, Map<string, Map<string, Map<string, Map<string, () => number>>>>>;
  interface Deep {
    nested(): Nested;
    later(): Promise<Nested>;
    lists(): Promise<(() => number)[][][][][][][][]>;
    maps(): Promise<Maps>;
    each(visit: (nested: Nested) => void): Promise<void>;
  }
  const deep = {} as Remote<Deep>;
  type At<K extends 'nested' | 'later'> = Awaited<ReturnType<(typeof deep)[K]>>;
  expectTypeOf<ReturnType<At<'nested'>['a']['b']['c']['d']['e']['f']['g']['h']['i']>>().toEqualTypeOf<
    Promise<number>
  >();
  expectTypeOf<ReturnType<At<'later'>['a']['b']['c']['d']['e']['f']['g']['h']['i']>>().toEqualTypeOf<
    Promise<number>
  >();
  type Lists = Awaited<ReturnType<typeof deep.lists>>;
  expectTypeOf<ReturnType<Lists[0][0][0][0][0][0][0][0]>>().toEqualTypeOf<Promise<number>>();
  type Inner<T> = T extends ReadonlyMap<string, infer V> ? Inner<V> : T;
  expectTypeOf<Inner<Awaited<ReturnType<typeof deep.maps>>>>().returns.toEqualTypeOf<Promise<number>>();
  void (() =>
    deep.each((nested) => {
      expectTypeOf(nested.a.b.c.d.e.f.g.h.i()).toEqualTypeOf<Promise<number>>();
    }));
});

test('Remote makes functions in the items of a web stream asynchronous, and refuses what no item may have', () => {
  interface Web {
    calls(): ReadableStream<{ call(): number }>;
    later(): Promise<ReadableStream<() => number>>;
    boxed(): { stream: ReadableStream<() => number> };
    promises(): ReadableStream<{ row: Promise<number> }>;
    symbols(): Promise<ReadableStream<symbol>>;
    bytes(): ReadableStream<Uint8Array>;
  }
  const web = {} as Remote<Web>;
  type Chunk<S> = S extends ReadableStream<infer I> ? I : never;
  type Item<S> = S extends AsyncIterable<infer I> ? I : never;
  type Call = (() => Promise<number>) & Disposable;
  type Calls = ReturnType<typeof web.calls>;
  expectTypeOf<Chunk<Awaited<Calls>>>().toEqualTypeOf<{ call: Call }>();
  expectTypeOf<Item<Calls>>().toEqualTypeOf<{ call: Call }>();
  expectTypeOf<Chunk<Awaited<ReturnType<typeof web.later>>>>().toEqualTypeOf<Call>();
  expectTypeOf<Chunk<Awaited<ReturnType<typeof web.boxed>>['stream']>>().toEqualTypeOf<Call>();
  expectTypeOf<Says<typeof web.promises, 'promises() has a promise'>>().toEqualTypeOf<true>();
  expectTypeOf<Says<typeof web.symbols, 'symbols() has a symbol'>>().toEqualTypeOf<true>();
  expectTypeOf<Awaited<ReturnType<typeof web.bytes>>>().toEqualTypeOf<ReadableStream<Uint8Array>>();
});

interface Rows extends AsyncIterable<number> {
  readonly total: number;
  close(): Promise<void>;
}
type Talk = AsyncGenerator<number, string, string>;

test('Remote drops the members that a subclass adds to a stream, map, set, date or error', () => {
  class Failure extends Error {
    readonly status = 500;
    retry(): boolean {
      return true;
    }
  }
  class Index extends Map<string, number> {
    find(): number {
      return this.size;
    }
  }
  class Day extends Date {
    name(): string {
      return this.toString();
    }
  }
  interface Own {
    rows(): Rows;
    boxed(): Promise<{ rows: Rows }>;
    talk(): AsyncIterator<number, string, string> & AsyncIterable<number>;
    talks(): Promise<Talk[]>;
    boxedTalk(): { talk: Talk };
    failure(): Failure;
    index(): Promise<Index>;
    day(): Promise<Day>;
    failures(): AsyncIterable<{ failure: Failure }>;
  }
  const own = {} as Remote<Own>;
  type Result<K extends keyof Own> = Awaited<ReturnType<(typeof own)[K]>>;
  type Heard = AsyncGenerator<number, string, undefined>;
  expectTypeOf(own.rows()).toEqualTypeOf<RemoteStream<number>>();
  expectTypeOf<Result<'boxed'>>().toEqualTypeOf<{ rows: AsyncIterable<number> }>();
  expectTypeOf(own.talk()).toEqualTypeOf<RemoteStream<number, string>>();
  expectTypeOf<Result<'talks'>>().toEqualTypeOf<Heard[]>();
  expectTypeOf<Result<'boxedTalk'>>().toEqualTypeOf<{ talk: Heard }>();
  expectTypeOf<Result<'index'>>().toEqualTypeOf<Map<string, number>>();
  expectTypeOf<Result<'day'>>().toEqualTypeOf<Date>();
  expectTypeOf<'retry' extends keyof Result<'failure'> ? true : false>().toEqualTypeOf<false>();
  expectTypeOf<Result<'failure'>['status']>().toEqualTypeOf<500>();
});

test('Remote gives a signal in a result a dispose method', () => {
  interface Signals {
    one(): AbortSignal;
    boxed(): Promise<{ signal: AbortSignal }>;
    all(): AsyncIterable<AbortSignal>;
    each(visit: (signal: AbortSignal) => void): Promise<void>;
    wait(options?: { signal?: AbortSignal }): Promise<void>;
  }
  const signals = {} as Remote<Signals>;
  const use = async () => {
    using one = await signals.one();
    one.throwIfAborted();
    (await signals.boxed()).signal[Symbol.dispose]();
    for await (using signal of signals.all()) signal.throwIfAborted();
    await signals.each((signal) => {
      signal.throwIfAborted();
    });
  };
  void use;
  expectTypeOf(signals.wait).toEqualTypeOf<Signals['wait']>();
});

test('Remote handles types that refer to each other, and keeps their names', () => {
  type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
  type Pair = [Pair | null, number];
  interface Growing<T> {
    value: T;
    next?: Growing<T[]>;
  }
  interface Events {
    on(listener: (event: Events) => void): void;
    children: Events[];
  }
  interface Endless {
    json(value: Json): Promise<Json>;
    pair(value: Pair): Promise<Pair>;
    growing(): Promise<Growing<number>>;
    events(): Events;
  }
  const endless = {} as Remote<Endless>;
  expectTypeOf(endless.json).toEqualTypeOf<Endless['json']>();
  expectTypeOf(endless.pair).toEqualTypeOf<Endless['pair']>();
  expectTypeOf(endless.growing).toEqualTypeOf<Endless['growing']>();
  type Far = Awaited<ReturnType<typeof endless.events>>['children'][0]['children'][0]['on'];
  expectTypeOf<ReturnType<Far>>().toEqualTypeOf<Promise<void>>();
});

interface Store {
  get(key: string): Promise<string>;
  size(): number;
}

test('the compiler accepts a remote as an argument that is declared as a reference', () => {
  interface Uses {
    use(store: Store): Promise<void>;
    reference(store: Reference<Store>): Promise<void>;
    either(store: LocalOrRemote<Store>): Promise<number>;
  }
  const uses = {} as Remote<Uses>;
  const store = {} as Remote<Store>;
  const own: Store = { get: async (key) => key, size: () => 1 };
  void (() => uses.use(store));
  void (() => uses.reference(store));
  void (() => uses.either(store));
  void (() => uses.either(ref(own)));
  // @ts-expect-error -- no store
  void (() => uses.either({ get: async (key: string) => key }));
  void (() =>
    serve<{ main: Pick<Uses, 'either'> }>({
      plugins: {
        main: () => ({
          either: async (given) => {
            expectTypeOf(given.size()).toEqualTypeOf<number | Promise<number>>();
            return given.size();
          },
        }),
      },
    }));
});

test('a remote can be passed as its interface, whose optional methods stay optional there', () => {
  interface Sized {
    read(key: string): Promise<string>;
    size?(): Promise<number>;
  }
  const sized = {} as Remote<Sized>;
  expectTypeOf(sized).toExtend<Sized>();
  const use = (either: LocalOrRemote<Sized>): Promise<number> | undefined => either.size?.();
  void (() => use(sized));
  // @ts-expect-error -- an object of this process may lack the method
  void ((either: LocalOrRemote<Sized>) => either.size());
});

test('the compiler accepts a callback that takes a LocalOrRemote of any interface', () => {
  interface Overloaded {
    get(key: string): number;
    get(key: number): Promise<string>;
  }
  interface Generic {
    pick<T>(list: T[]): Promise<T>;
  }
  type Visit<T extends object> = CanServe<{ each(visit: (object: LocalOrRemote<T>) => void): void }>;
  expectTypeOf<Visit<Overloaded>>().toBeUnknown();
  expectTypeOf<Visit<Generic>>().toBeUnknown();
  expectTypeOf<Visit<Store>>().toBeUnknown();
});

test('the compiler refuses to serve a method that takes a synchronous function or generator of the other process', () => {
  interface Sync {
    filter(list: number[], keep: (x: number) => boolean): Promise<number[]>;
  }
  const impl = async (list: number[], keep: (x: number) => boolean) => list.filter((x) => keep(x));
  // @ts-expect-error -- keep() returns a promise
  void (() => serve<{ main: Sync }>({ plugins: { main: () => ({ filter: impl }) } }));
  // @ts-expect-error -- it is also refused if the interface is inferred from the implementation
  void (() => serve({ plugins: { main: () => ({ filter: impl }) } }));
  type Method<M> = CanServe<{ method: M }>;
  type IsRefused<M> = Says<Method<M>, 'method() takes a function or generator that is synchronous'>;
  type Deep = { a: { b: { c: { d: { e: { f: { g: { h: () => number } } } } } } } };
  // The function is in an object in the arguments, at any depth.
  expectTypeOf<IsRefused<(options: Deep) => void>>().toEqualTypeOf<true>();
  // The function is a method of a reference that is an argument.
  expectTypeOf<IsRefused<(store: Reference<Store>) => void>>().toEqualTypeOf<true>();
  // The function is a parameter of a function in the result.
  expectTypeOf<IsRefused<() => { each(visit: (x: number) => boolean): void }>>().toEqualTypeOf<true>();
  // The function is the result of a function that is an argument.
  expectTypeOf<IsRefused<(open: () => Promise<() => number>) => void>>().toEqualTypeOf<true>();
  expectTypeOf<IsRefused<(steps: Generator<number>) => void>>().toEqualTypeOf<true>();
  expectTypeOf<IsRefused<((a: string) => void) & ((f: () => number) => void)>>().toEqualTypeOf<true>();
  // The function is an item of a web stream.
  expectTypeOf<IsRefused<(items: ReadableStream<() => number>) => void>>().toEqualTypeOf<true>();
  expectTypeOf<IsRefused<() => ReadableStream<(visit: () => number) => void>>>().toEqualTypeOf<true>();
  // Only one of the function's overloads is synchronous.
  type Overloaded = { (x: number): boolean; (x: string): Promise<boolean> };
  expectTypeOf<IsRefused<(ask: Overloaded) => void>>().toEqualTypeOf<true>();
  expectTypeOf<IsRefused<() => (ask: Overloaded) => void>>().toEqualTypeOf<true>();

  type Own<M> = Says<Method<M>, 'method() takes a stream, map, set, date or error with members of its own'>;
  expectTypeOf<Own<(rows: Rows) => void>>().toEqualTypeOf<true>();
  expectTypeOf<Own<(talk: Talk) => void>>().toEqualTypeOf<true>();
  expectTypeOf<Own<() => (rows: Rows) => void>>().toEqualTypeOf<true>();
  expectTypeOf<Method<() => Rows>>().toBeUnknown();
  expectTypeOf<Method<(list: AsyncGenerator<number>) => void>>().toBeUnknown();
  expectTypeOf<Method<(list: AsyncIterableIterator<number>) => void>>().toBeUnknown();
  expectTypeOf<Method<(error: NodeJS.ErrnoException, at: Date) => void>>().toBeUnknown();

  type Overloads = { (x: number): Promise<number>; (x: string): Promise<string> };
  expectTypeOf<Method<(ask: Overloads) => void>>().toBeUnknown();
  expectTypeOf<Method<(ask: () => boolean | Promise<boolean>) => void>>().toBeUnknown();
  expectTypeOf<Method<(bytes: ReadableStream<Uint8Array>) => void>>().toBeUnknown();
  expectTypeOf<Method<(tell: (x: number) => void) => void>>().toBeUnknown();
  expectTypeOf<Method<(ask: () => unknown) => void>>().toBeUnknown();
  expectTypeOf<Method<(read: () => AsyncIterable<string>) => void>>().toBeUnknown();
  expectTypeOf<Method<(list: Iterable<number>) => Generator<number>>>().toBeUnknown();
  expectTypeOf<Method<(store: Remote<Store>) => void>>().toBeUnknown();
  expectTypeOf<Method<<A, B>(list: A[], make: (item: A) => B | Promise<B>) => Promise<B[]>>>().toBeUnknown();
});

test('the compiler refuses to serve nested objects of methods, and results that cannot be sent', () => {
  interface Api {
    readonly version: string;
    users: { get(id: string): Promise<string> };
  }
  void (() =>
    serve<{ api: Api }>({
      // @ts-expect-error -- only methods of the object itself are served
      plugins: { api: () => ({ version: '1', users: { get: async (id: string) => id } }) },
    }));
  void (() =>
    // @ts-expect-error -- a class with private members is not a plain object
    serve({ plugins: { bank: () => ({ open: () => new Account() }) } }));
  void (() => serve({ plugins: { bank: () => ({ open: () => ref(new Account()) }) } }));
  void (() => serve<{ account: Account }>({ plugins: { account: () => new Account() } }));
});

test('the compiler refuses a property with methods at any depth, and accepts a property with data', () => {
  type Users = { get(id: string): Promise<string> };
  class Table {
    readonly name = 'users';
    async get(id: string): Promise<string> {
      return this.name + id;
    }
  }
  class Api {
    readonly users = new Table();
  }
  type IsRefused<T> = Says<CanServe<T>, 'users is an object of methods'>;
  expectTypeOf<IsRefused<{ users: { table: string } & Users }>>().toEqualTypeOf<true>();
  expectTypeOf<IsRefused<{ users: { table?: { rows: Users } } }>>().toEqualTypeOf<true>();
  expectTypeOf<IsRefused<{ users: Partial<Users> }>>().toEqualTypeOf<true>();
  expectTypeOf<IsRefused<Api>>().toEqualTypeOf<true>();

  interface Tree {
    name: string;
    parent: Tree | null;
    children: Tree[];
  }
  interface Data {
    tree: Tree;
    at: Date;
    error?: Error;
    ready: Promise<void>;
    cache: WeakMap<object, number>;
    listeners: (() => void)[];
    byName: Map<string, () => void>;
    unknown: unknown;
    options: { readonly depth?: number; readonly tags: Set<string> };
  }
  expectTypeOf<CanServe<Data>>().toBeUnknown();
});

test('the compiler accepts a served class that extends EventEmitter, whose methods no peer can call', () => {
  class Emitting extends EventEmitter {
    async ping(): Promise<number> {
      return 1;
    }
  }
  class Visiting extends EventEmitter {
    each(visit: (x: number) => boolean): boolean {
      return visit(1);
    }
  }
  expectTypeOf<CanServe<Emitting>>().toBeUnknown();
  expectTypeOf<Says<CanServe<Visiting>, 'each() takes'>>().toEqualTypeOf<true>();
});

test('the compiler refuses to serve a method under a name that common tools call by themselves', () => {
  type Why = 'has a name that common tools call by themselves';
  expectTypeOf<Says<CanServe<{ toJSON(): string }>, Why>>().toEqualTypeOf<true>();
  expectTypeOf<Says<CanServe<{ inspect?(): Promise<string> }>, Why>>().toEqualTypeOf<true>();
  expectTypeOf<
    Says<CanServe<{ get(): number; equals(other: string): boolean }>, Why>
  >().toEqualTypeOf<true>();
  expectTypeOf<CanServe<{ cause: string; toString(): string; get(): number }>>().toBeUnknown();
  expectTypeOf<CanServe<Record<string, () => number>>>().toBeUnknown();
});

test('serveMux() refuses what serve() refuses', () => {
  const account = () => ({ open: () => new Account() });
  const visitor = () => ({ each: (visit: (x: number) => boolean) => visit(1) });
  const nested = () => ({ users: { get: () => 1 } });
  // @ts-expect-error -- an account is not copied
  void (() => serveMux({ a: { plugins: { main: account } } }));
  // @ts-expect-error -- an account is not copied
  void (() => serveMux({ a: { protocolVersions: { 1: { main: account } } } }));
  // @ts-expect-error -- an account is not copied
  void (() => serveMux({ a: async () => ({ plugins: { main: account } }) }));
  // @ts-expect-error -- the callback's result is a promise
  void (() => serveMux({ a: { plugins: { main: visitor } } }));
  // @ts-expect-error -- the methods of an inner object cannot be called
  void (() => serveMux({ a: { plugins: { main: nested } } }));
  type Getter = { a: { main: { get(): string } } };
  // @ts-expect-error -- the interface says that the method returns a text
  void (() => serveMux<Getter>({ a: { plugins: { main: () => ({ get: () => 1 }) } } }));
  void (() =>
    serveMux({
      a: { plugins: { main: ({ log }) => ({ say: (text: string) => log.info(text) }) } },
      b: async () => ({ protocolVersions: { 1: { other: () => ({ get: () => 1 }) } } }),
    }));
});

test('the compiler refuses the same methods in the services of a host', () => {
  interface Sync {
    ask(reply: () => string): Promise<string>;
  }
  type Config = ConstructorParameters<typeof Client<object, { sync: Sync }>>[0];
  // @ts-expect-error -- reply() returns a promise in the host
  const config: Config = { cmd: ['x'], provide: { sync: () => ({ ask: async (reply) => reply() }) } };
  void config;
});
