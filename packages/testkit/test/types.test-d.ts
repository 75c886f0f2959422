import { expect, expectTypeOf, test, vi } from 'vitest';
import type { Client, Remote, RPCClient } from '@pipework/core';
import {
  connect,
  expectNoLeaks,
  fakePlugin,
  matchers,
  launch,
  misbehave,
  test as kitTest,
  type Fake,
  type LaunchedClient,
  type Pair,
} from '@pipework/testkit/vitest';

interface Greeter {
  greet(name: string): Promise<string>;
  count(to: number): AsyncIterable<number>;
}
interface Served {
  greeter: Greeter;
}

test('a pair knows its plugins by their factories', async () => {
  const pair = await connect({ greeter: (): Greeter => fakePlugin<Greeter>() });
  expectTypeOf(pair).toEqualTypeOf<Pair<{ greeter: Greeter }>>();
  expectTypeOf(pair.rpc).toEqualTypeOf<RPCClient<{ greeter: Greeter }>>();
  expectTypeOf(pair.stdout).toBeString();
  expectTypeOf(await pair.rpc.dispense('greeter')).toEqualTypeOf<Remote<Greeter>>();
  // @ts-expect-error -- no such plugin
  await pair.rpc.dispense('stranger');
});

test('connect() refuses what serve() refuses', () => {
  class Account {
    #balance = 1;
    balance = (): number => this.#balance;
  }
  // @ts-expect-error -- a class with private members is not a plain object
  void (() => connect({ bank: () => ({ open: () => new Account() }) }));
  // @ts-expect-error -- only methods of the object itself are served
  void (() => connect({ api: () => ({ users: { get: async (id: string) => id } }) }));
  // @ts-expect-error -- keep() returns a promise
  void (() => connect({ filter: () => ({ filter: (keep: () => boolean) => keep() }) }));
  void (() => connect({ greeter: () => fakePlugin({ greet: (name: string) => name }) }));
});

test('a launched client is a Client', () => {
  expectTypeOf(launch<Served>({ cmd: ['x'] })).toEqualTypeOf<LaunchedClient<Served>>();
  expectTypeOf<LaunchedClient<Served>>().toExtend<Client<Served>>();
  // @ts-expect-error -- no command
  launch({});
});

test('a fake has the methods of its interface, and accepts mocks for them', () => {
  const fake = fakePlugin<Greeter>({ greet: vi.fn(async (name: string) => name) });
  expectTypeOf(fake).toEqualTypeOf<Fake<Greeter>>();
  expectTypeOf(fake).toExtend<Greeter>();
  expectTypeOf(fake).toExtend<Remote<Greeter>>();
  fake.hang('greet');
  // @ts-expect-error -- no such method
  fake.hang('dance');
  // @ts-expect-error -- another signature
  fakePlugin<Greeter>({ greet: (name: number) => name });
});

test('a fake has the methods that are optional in its interface, like a remote', () => {
  interface Sized {
    read(key: string): Promise<string>;
    size?(): Promise<number>;
  }
  const fake = fakePlugin<Sized>({ read: async (key) => key });
  expectTypeOf(fake.size()).toEqualTypeOf<Promise<number>>();
  expectTypeOf(fake).toExtend<Sized>();
  expectTypeOf(fake).toExtend<Remote<Sized>>();
});

test('a fake knows the arguments of its calls', () => {
  const fake = fakePlugin<Greeter & { add(a: number, b?: string): number; all?(list: number[]): void }>();
  expectTypeOf(fake.callsTo('greet')[0]?.[0]).toEqualTypeOf<string | undefined>();
  expectTypeOf(fake.callsTo('add')).toEqualTypeOf<(readonly [a: number, b?: string | undefined])[]>();
  expectTypeOf(fake.callsTo('all')[0]![0]).toEqualTypeOf<number[]>();
  // @ts-expect-error -- no such method
  fake.callsTo('dance');
});

test('toHaveBeenCalledRemotely has the types of the fake’s methods', () => {
  const fake = fakePlugin<Greeter & { add(a: number, b?: string): number }>();
  expect(fake).toHaveBeenCalledRemotely('greet');
  expect(fake).not.toHaveBeenCalledRemotely('greet', 'world');
  expect(fake).toHaveBeenCalledRemotely('greet', expect.any(String));
  expect(fake).toHaveBeenCalledRemotely('add', 1);
  expect(fake).toHaveBeenCalledRemotely('add', 1, 'b');
  // @ts-expect-error -- no such method
  expect(fake).toHaveBeenCalledRemotely('dance');
  // @ts-expect-error -- another type of argument
  expect(fake).toHaveBeenCalledRemotely('greet', 1);
  // @ts-expect-error -- one argument too many
  expect(fake).toHaveBeenCalledRemotely('greet', 'a', 'b');
  // @ts-expect-error -- an argument is missing
  expect(fake).toHaveBeenCalledRemotely('add', 'b');
});

test('misbehave() knows its kinds', () => {
  expectTypeOf(misbehave('huge-frame')).toEqualTypeOf<[file: string, ...args: string[]]>();
  // @ts-expect-error -- no such kind
  misbehave('nicely');
});

test('matchers have types', () => {
  expectTypeOf(expect(1).toFailWith).parameters.toEqualTypeOf<
    [code: string, message?: string | RegExp | undefined]
  >();
  // @ts-expect-error -- no such way to end
  void expect(1).toHaveExited({ by: 'magic' });
});

test('matchers have the type that expect.extend accepts', () => {
  expectTypeOf(expect.extend).toBeCallableWith(matchers);
});

test('leak assertions return the result of the work', () => {
  expectTypeOf(expectNoLeaks(async () => 3)).toEqualTypeOf<Promise<number>>();
  expectTypeOf(expectNoLeaks()).toEqualTypeOf<Promise<void>>();
});

kitTest('fixtures are typed', async ({ connect, launch }) => {
  expectTypeOf(await connect<Served>({ greeter: () => fakePlugin<Greeter>() })).toEqualTypeOf<Pair<Served>>();
  expectTypeOf(launch<Served>({ cmd: ['x'] })).toEqualTypeOf<LaunchedClient<Served>>();
});
