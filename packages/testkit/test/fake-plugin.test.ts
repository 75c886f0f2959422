import { describe, expect, test, vi } from 'vitest';
import type { Remote } from '@pipework/core';
import { connect, fakePlugin, UnhandledCallError } from '@pipework/testkit';
import '@pipework/testkit/vitest'; // This import adds the matchers.

interface Store {
  get(key: string): Promise<string | undefined>;
  put(key: string, value: string): Promise<void>;
  size(): number;
}
interface Served {
  store: Store;
}

describe('a fake plugin', () => {
  test('records its calls, whether they are made directly or over the wire', async () => {
    const fake = fakePlugin<Store>({ get: async (key) => `value of ${key}` });
    await using pair = await connect<Served>({ store: () => fake });
    const store = await pair.rpc.dispense('store');
    expect(await store.get('a')).toBe('value of a');
    expect(await fake.get('b')).toBe('value of b');
    expect(fake.callsTo('get')).toEqual([['a'], ['b']]);
    expect(fake.calls).toEqual([
      { method: 'get', args: ['a'], outcome: 'returned' },
      { method: 'get', args: ['b'], outcome: 'returned' },
    ]);
  });

  test('works with code that disposes of the object that it dispensed', async () => {
    const fake = fakePlugin<Pick<Store, 'get'>>({ get: async () => 'here' });
    const look = async (store: Remote<Pick<Store, 'get'>>): Promise<string | undefined> => {
      using held = store;
      return await held.get('a');
    };
    expect(await look(fake)).toBe('here');
    fake.assertNoUnhandled();
  });

  test('rejects a call that has no handler, with the call, its arguments and the handled methods in the error', async () => {
    const fake = fakePlugin<Store>({ size: () => 0 });
    await using pair = await connect<Served>({ store: () => fake });
    const store = await pair.rpc.dispense('store');
    const message =
      `fakePlugin: put('a', 'b') was called, and it has no handler. Handled: size. ` +
      `Give it a handler in fakePlugin({ put }) or in fake.use({ put })`;
    await expect(store.put('a', 'b')).rejects.toThrow(message);
    expect(() => fake.put('a', 'b')).toThrow(UnhandledCallError);
    expect(() => {
      fake.assertNoUnhandled();
    }).toThrow(`${message} (and 1 more)`);
  });

  test('hides use(), reset() and its other controls from the other side', async () => {
    const fake = fakePlugin<Store>();
    await using pair = await connect({ store: () => fake as object });
    const store = await pair.rpc.dispense('store');
    for (const name of ['crash', 'use', 'reset', 'calls', 'then', 'constructor']) {
      const { [name]: method } = store as unknown as Record<string, (() => Promise<unknown>) | undefined>;
      if (method === undefined) continue;
      await expect(Promise.resolve(method()), name).rejects.toThrow("can't find");
    }
    expect(fake.calls).toEqual([]);
  });

  test('accepts vi.fn as methods, and can be spied on by vi.spyOn', async () => {
    const get = vi.fn(async (key: string) => key.toUpperCase());
    const fake = fakePlugin<Store>({ get, size: () => 1 });
    await using pair = await connect<Served>({ store: () => fake });
    const store = await pair.rpc.dispense('store');
    expect(await store.get('a')).toBe('A');
    expect(get).toHaveBeenCalledExactlyOnceWith('a');
    expect(fake.get).toHaveBeenCalledWith('a');

    const size = vi.spyOn(fake, 'size');
    expect(await store.size()).toBe(1);
    size.mockReturnValue(7);
    expect(await store.size()).toBe(7);
    expect(size).toHaveBeenCalledTimes(2);
    expect(fake.callsTo('size')).toHaveLength(2);
    size.mockRestore();
    expect(await store.size()).toBe(1);
  });

  test('lets tests find calls by asymmetric matchers, and by the identity of remotes', async () => {
    const fake = fakePlugin<{ take(door: object, name: string): Promise<void> }>({ take: async () => {} });
    await using pair = await connect<{ a: object; b: object }>({ a: () => ({}), b: () => ({}) });
    const [a, b] = [await pair.rpc.dispense('a'), await pair.rpc.dispense('b')];
    await fake.take(a, 'front');
    expect(fake).toHaveBeenCalledRemotely('take', a, expect.stringMatching(/^f/));
    expect(fake).not.toHaveBeenCalledRemotely('take', b, 'front');
  });

  test('lets a test replace methods until reset()', async () => {
    const fake = fakePlugin<Store>({ size: () => 1 });
    fake.use({ size: () => 2 });
    expect(fake.size()).toBe(2);
    fake.reset();
    expect(fake.size()).toBe(1);
    expect(fake.calls).toHaveLength(1);
  });

  test('holds a call until the test releases hang()', async () => {
    const fake = fakePlugin<Store>({ size: () => 3 });
    await using pair = await connect<Served>({ store: () => fake });
    const store = await pair.rpc.dispense('store');
    const letGo = fake.hang('size');
    const size = store.size();
    await expect.poll(() => fake.calls).toMatchObject([{ outcome: 'hung' }]);
    letGo();
    expect(await size).toBe(3);
  });

  test('holds a call until the test releases every hang() of its method, and rejects held calls when it crashes', async () => {
    const fake = fakePlugin<Store>({ get: async () => 'value' });
    const letGo = [fake.hang('get'), fake.hang('get')];
    letGo[0]?.();
    const value = fake.get('a');
    expect(fake.calls).toMatchObject([{ outcome: 'hung' }]);
    letGo[1]?.();
    expect(await value).toBe('value');
    fake.hang('get');
    const hung = fake.get('b');
    fake.hang('get');
    fake.crash();
    await expect(hung).rejects.toMatchObject({ code: 'PLUGIN_EXITED' });
  });

  test('crashes when the test asks for it, immediately or at a call', async () => {
    const fake = fakePlugin<Store>({ size: () => 3 });
    await using pair = await connect<Served>({ store: () => fake });
    const store = await pair.rpc.dispense('store');
    fake.crash({ on: 'get', code: 5, stderr: 'fatal: disk on fire' });
    expect(await store.size()).toBe(3);
    await expect(store.get('a')).rejects.toThrow('disk on fire');
    expect(await pair.client.exit).toMatchObject({ code: 5, by: 'plugin' });

    await using other = await connect<Served>({ store: () => fake });
    fake.reset();
    const hanging = fake.hang('size');
    const call = (await other.rpc.dispense('store')).size();
    fake.crash({ signal: 'SIGSEGV' });
    await expect(call).rejects.toThrow();
    expect(await other.client.exit).toMatchObject({ signal: 'SIGSEGV' });
    hanging();
  });
});
