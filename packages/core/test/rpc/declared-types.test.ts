/**
 * Tests the cases of `travel.test-d.ts` at run time. Calls that do not compile there must fail here, and
 * calls that compile there must work.
 */
import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { ref, type LocalOrRemote, type Reference } from '../../src/index.ts';
import { rpcPair } from '../support/rpc-pair.ts';

const notSerializable = { code: 'RPC_NOT_SERIALIZABLE' };

class Account {
  #balance = 0;
  async deposit(amount: number): Promise<number> {
    return (this.#balance += amount);
  }
}

/** Calls a method by its name. The compiler would refuse the same call if it were written directly. */
function call(remote: object, name: string, ...args: unknown[]): Promise<unknown> {
  return (remote as Record<string, (...args: unknown[]) => Promise<unknown>>)[name]!(...args);
}

test('a call fails if its result has a type that does not compile', async () => {
  const served = {
    inside: () => ({ rows: [Promise.resolve(1)] }),
    symbol: () => Symbol('s'),
    account: () => new Account(),
    take: async (...args: unknown[]) => args.length,
  };
  class Chain {
    fluent(): this {
      return this;
    }
  }
  const { remote } = await rpcPair(served);
  for (const name of ['inside', 'symbol', 'account'])
    await expect(call(remote, name)).rejects.toMatchObject(notSerializable);
  await expect(call(remote, 'take', Symbol('s'))).rejects.toMatchObject(notSerializable);
  await expect(call(remote, 'take', { account: new Account() })).rejects.toMatchObject(notSerializable);
  const chain = await rpcPair(new Chain());
  await expect(call(chain.remote, 'fluent')).rejects.toMatchObject(notSerializable);
});

/** Instances of the built-in classes that the compiler refuses. This Node may lack some of the classes. */
function* builtInInstances(): Generator<[name: string, instance: object]> {
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => {
    port1.close();
    port2.close();
  });
  yield ['Headers', new Headers()];
  yield ['Request', new Request('http://localhost')];
  yield ['Response', new Response()];
  yield ['FormData', new FormData()];
  yield ['Blob', new Blob([])];
  yield ['File', new File([], 'name')];
  yield ['URLSearchParams', new URLSearchParams()];
  yield ['WritableStream', new WritableStream()];
  yield ['TransformStream', new TransformStream()];
  yield ['MessagePort', port1];
  const channel = new BroadcastChannel('declared-types');
  onTestFinished(() => channel.close());
  yield ['BroadcastChannel', channel];
  yield ['Event', new Event('x')];
  yield ['SharedArrayBuffer', new SharedArrayBuffer(1)];
  yield ['WeakMap', new WeakMap()];
  yield ['WeakSet', new WeakSet()];
  yield ['WeakRef', new WeakRef({})];
  yield ['FinalizationRegistry', new FinalizationRegistry(() => {})];
  yield ['EventEmitter', new EventEmitter()];
  yield ['Writable', new Writable()];
  for (const name of Object.getOwnPropertyNames(Intl)) {
    const Class: unknown = Reflect.get(Intl, name);
    if (typeof Class !== 'function' || Class.prototype === undefined) continue;
    const options = name === 'DisplayNames' ? { type: 'region' } : {};
    yield [`Intl.${name}`, Reflect.construct(Class, ['en', options]) as object];
  }
}

test('a call fails if it sends an instance of a built-in class that the compiler refuses', async () => {
  const { remote } = await rpcPair({
    take: async (...args: unknown[]) => args.length,
    give: (name: string) => [...builtInInstances()].find(([itsName]) => itsName === name)?.[1],
  });
  for (const [name, instance] of builtInInstances()) {
    await expect(call(remote, 'take', { instance }), name).rejects.toMatchObject(notSerializable);
    await expect(call(remote, 'give', name), name).rejects.toMatchObject(notSerializable);
  }
});

test('a set of objects and a map with keys that are objects arrive', async () => {
  const sent = [new Set([{ name: 'a' }]), new Map([[{ name: 'a' }, new Set([new Set(['b'])])]])];
  const { remote } = await rpcPair({ echo: (value: unknown) => value });
  expect(await call(remote, 'echo', sent)).toEqual(sent);
});

test('a method that returns ref(this) gives a remote of the same object', async () => {
  class Counter {
    #count = 0;
    add(): Reference<this> {
      this.#count++;
      return ref(this);
    }
    count(): number {
      return this.#count;
    }
  }
  const { remote } = await rpcPair(new Counter());
  using same = await remote.add();
  using again = await same.add();
  expect(await again.count()).toBe(2);
  expect(await remote.count()).toBe(2);
});

test('each overload gives a promise', async () => {
  function read(path: string, done: (text: string) => void): void;
  function read(path: string): Promise<string>;
  function read(path: string, done?: (text: string) => void): void | Promise<string> {
    if (done === undefined) return Promise.resolve(path);
    done(path);
  }
  const { remote } = await rpcPair({ read });
  const first = remote.read('a', () => {});
  expect(first).toBeInstanceOf(Promise);
  expect(await first).toBeUndefined();
  expect(await remote.read('b')).toBe('b');
});

test('a function that came as an argument returns a promise, whatever it returns in its own process', async () => {
  const { remote } = await rpcPair({
    kind: (keep: (x: number) => boolean | Promise<boolean>) => keep(1) instanceof Promise,
    filter: async (list: number[], keep: (x: number) => boolean | Promise<boolean>) => {
      const kept = await Promise.all(list.map(async (x) => keep(x)));
      return list.filter((_, index) => kept[index]);
    },
  });
  expect(await remote.kind(() => true)).toBe(true);
  expect(await remote.filter([1, 2, 3], (x) => x > 1)).toEqual([2, 3]);
});

test('functions are asynchronous nine levels down, and in lists of lists and maps of maps', async () => {
  const fn = () => 5;
  const { remote } = await rpcPair({
    nested: () => ({ a: { b: { c: { d: { e: { f: { g: { h: { i: fn } } } } } } } } }),
    lists: () => [[[[[fn]]]]],
    maps: () => new Map([['a', new Map([['b', new Map([['c', new Map([['d', fn]])]])]])]]),
  });
  const nested = await remote.nested();
  const lists = await remote.lists();
  const maps = await remote.maps();
  const calls = [
    nested.a.b.c.d.e.f.g.h.i(),
    lists[0]![0]![0]![0]![0]!(),
    maps.get('a')!.get('b')!.get('c')!.get('d')!(),
  ];
  for (const made of calls) expect(made).toBeInstanceOf(Promise);
  expect(await Promise.all(calls)).toEqual([5, 5, 5]);
});

test('the objects that a callback receives are remotes on the side that gave the callback', async () => {
  const { remote } = await rpcPair({
    async each(visit: (item: { size: () => number }) => void | Promise<void>) {
      await visit({ size: () => 7 });
    },
  });
  let size: unknown;
  await remote.each(async (item) => {
    expect(item.size()).toBeInstanceOf(Promise);
    size = await item.size();
  });
  expect(size).toBe(7);
});

test('an optional method that is not implemented exists on the remote, and its calls fail', async () => {
  interface Optional {
    there(): string;
    absent?(): string;
  }
  const { remote } = await rpcPair<Optional>({ there: () => 'yes' });
  expect(remote.absent).toBeTypeOf('function');
  await expect(remote.absent()).rejects.toMatchObject({ code: 'RPC_UNKNOWN_METHOD' });
  expect(await remote.there()).toBe('yes');
});

test('an argument declared as LocalOrRemote accepts a local object and a remote, and the handler gets an object of its own side back unchanged', async () => {
  interface Store {
    size(): number;
  }
  const own: Store = { size: () => 3 };
  const { remote } = await rpcPair({
    open: (): Reference<Store> => ref(own),
    sizeOf: async (store: LocalOrRemote<Store>): Promise<number> => store.size(),
    isOwn: async (store: LocalOrRemote<Store>): Promise<boolean> => store === own,
  });
  using opened = await remote.open();
  expect(await remote.sizeOf(opened)).toBe(3);
  expect(await remote.isOwn(opened)).toBe(true);
  expect(await remote.sizeOf(ref({ size: () => 4 }))).toBe(4);
  expect(await remote.isOwn(ref({ size: () => 4 }))).toBe(false);
});
