import { describe, expect, test } from 'vitest';
import { rawPlugin } from '../support/raw-peer.ts';
import { rpcPair } from '../support/rpc-pair.ts';
import { expectSame } from '../support/same.ts';

describe('a result whose code throws while the result is sent makes only its own call fail:', () => {
  const trap = (): never => {
    throw new Error('trap');
  };
  test.each<[string, () => unknown]>([
    ['a then that throws', () => ({ then: trap })],
    ['a getter then that throws', () => Object.defineProperty({}, 'then', { get: trap })],
    ['a proxy whose traps throw', () => new Proxy({}, { get: trap, getPrototypeOf: trap })],
    ['a promise whose then throws', () => Object.assign(Promise.resolve(1), { then: trap })],
  ])('%s', async (_name, make) => {
    const { host } = await rpcPair({ bad: make, good: () => 1 });
    await expect(host.call('bad', [])).rejects.toBeInstanceOf(Error);
    expect(await host.call('good', [])).toBe(1);
  });

  test('a revoked proxy, thrown or returned', async () => {
    const revoked = (): object => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    };
    const { host } = await rpcPair({
      bad: revoked,
      worse() {
        throw revoked() as Error;
      },
      good: () => 1,
    });
    await expect(host.call('bad', [])).rejects.toBeInstanceOf(Error);
    await expect(host.call('worse', [])).rejects.toBeInstanceOf(Error);
    expect(await host.call('good', [])).toBe(1);
  });
});

test('a call rejects if a getter in its arguments throws', async () => {
  const { remote } = await rpcPair({ take: (value: unknown) => value });
  const throwing = {
    get signal(): never {
      throw new Error('trap');
    },
  };
  await expect(remote.take(throwing)).rejects.toThrow('trap');
  expect(await remote.take(1)).toBe(1);
});

describe('if a getter makes a call while its object is being sent, both calls work:', () => {
  const sizes: [string, unknown][] = [
    ['plain', 'short'],
    ['of any kind', new Date(5)],
    ['with large bytes', new Uint8Array(100_000).fill(7)],
    ['with a list of similar objects', Array.from({ length: 100 }, (_, id) => ({ id, name: `n${id}` }))],
  ];
  const pairs = sizes.flatMap(([outer, one]) =>
    sizes.map(([inner, other]) => ({ outer, one, inner, other })),
  );

  test.each(pairs)('an object $outer, a call $inner', async ({ one, other }) => {
    const { remote } = await rpcPair({ echo: (value: unknown) => value });
    const inner: Promise<unknown>[] = [];
    const value = (): object => ({
      before: one,
      get calls() {
        inner.push(remote.echo({ other, nested: { more: other } }));
        return 'called';
      },
      after: [one, one],
    });
    expectSame(await remote.echo(value()), { before: one, calls: 'called', after: [one, one] });
    expect(inner.length).toBeGreaterThan(0);
    for (const call of inner) expectSame(await call, { other, nested: { more: other } });
  });

  test('in a result', async () => {
    const inner: Promise<unknown>[] = [];
    const { remote, plugin, host } = await rpcPair({
      take: (visit: (value: unknown) => unknown) => ({
        at: new Date(5),
        get calls() {
          inner.push(visit([new Date(6), 'inner']) as Promise<unknown>);
          return 'called';
        },
        list: [1, new Map([[1, 2]])],
      }),
    });
    const seen: unknown[] = [];
    expect(await remote.take((value: unknown) => seen.push(value))).toEqual({
      at: new Date(5),
      calls: 'called',
      list: [1, new Map([[1, 2]])],
    });
    await Promise.all(inner);
    expect(seen.length).toBe(inner.length);
    for (const value of seen) expect(value).toEqual([new Date(6), 'inner']);
    await expect.poll(() => [host.references, plugin.references]).toEqual([0, 0]);
  });

  test('with references, each call gives back only its own references', async () => {
    const { remote, host, plugin } = await rpcPair({
      run: async ({ call }: { call: () => unknown }) => await call(),
      wait: (_callback: () => void, signal: AbortSignal) =>
        new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(new Error('ended')))),
    });
    const controller = new AbortController();
    let waiting: Promise<unknown> | undefined;
    const outer = {
      first: () => 1,
      get second() {
        waiting ??= remote.wait(() => {}, controller.signal) as Promise<unknown>;
        return 2;
      },
      call: () => 'called',
    };
    expect(await remote.run(outer)).toBe('called');
    await expect.poll(() => plugin.references).toBe(1); // the reference of the waiting call
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect.poll(() => [host.references, plugin.references]).toEqual([0, 0]);
  });
});

test('an object with a function named then is refused, like a promise', async () => {
  const { host } = await rpcPair({ take: () => 1 });
  await expect(host.call('take', [{ a: { then: () => {} } }])).rejects.toThrow(
    'args[0].a.then is a function named then',
  );
  const peer = await rawPlugin({ capabilities: ['refs', 'types'] });
  const call = peer.conversation.call('x', []);
  await peer.received();
  peer.sends('94 01 00 c0 81 a4 7468656e c7 05 50 66 00000001');
  await expect(call).rejects.toMatchObject({ code: 'RPC_INVALID_VALUE' });
});
