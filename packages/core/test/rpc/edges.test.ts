import { Readable } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import { callContext } from '../../src/rpc/api/call-context.ts';
import { defineContract } from '../../src/rpc/contract/contract.ts';
import { checked, implement } from '../../src/rpc/contract/contract-checks.ts';
import { Conversation } from '../../src/rpc/calls/conversation.ts';
import { DeclaredError, declaredError } from '../../src/rpc/contract/declared-error.ts';
import { withCallOptions } from '../../src/rpc/calls/dispensed-remote.ts';
import { servedObjectOf } from '../../src/rpc/api/served-object.ts';
import type { StandardSchema } from '../../src/rpc/contract/standard-schema.ts';
import { rawHost, rawPlugin } from '../support/raw-peer.ts';
import { rpcPair } from '../support/rpc-pair.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a result that fights back fails its own call, and the connection goes on:', () => {
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

test('arguments whose getters throw reject the call', async () => {
  const { remote } = await rpcPair({ take: (value: unknown) => value });
  const throwing = {
    get signal(): never {
      throw new Error('trap');
    },
  };
  await expect(remote.take(throwing)).rejects.toThrow('trap');
  expect(await remote.take(1)).toBe(1);
});

describe('a getter that calls while its object is being sent disturbs neither call:', () => {
  const sizes: [string, unknown][] = [
    ['plain', 'short'],
    ['of any kind', new Date(5)],
    ['with large bytes', new Uint8Array(100_000).fill(7)],
    ['with a list of like objects', Array.from({ length: 100 }, (_, id) => ({ id, name: `n${id}` }))],
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
    expect(await remote.echo(value())).toEqual({ before: one, calls: 'called', after: [one, one] });
    expect(inner.length).toBeGreaterThan(0);
    for (const call of inner) expect(await call).toEqual({ other, nested: { more: other } });
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

  test('what each gives by reference is given back with its own call', async () => {
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
    await expect.poll(() => plugin.references).toBe(1); // the waiting call's own
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect.poll(() => [host.references, plugin.references]).toEqual([0, 0]);
  });
});

test('each of several signals cancels the call', async () => {
  const { remote } = await rpcPair({ wait: (..._signals: AbortSignal[]) => new Promise<never>(() => {}) });
  for (let index = 0; index < 3; index++) {
    const controllers = [0, 1, 2].map(() => new AbortController());
    const call = remote.wait(...controllers.map((controller) => controller.signal));
    controllers.at(index)?.abort(new Error(`signal ${index}`));
    await expect(call).rejects.toThrow(`signal ${index}`);
  }
});

test.each([
  [{ deadlineMs: Number.NaN }, 'options.deadlineMs must be a number'],
  [{ deadlineMs: '5' }, 'options.deadlineMs must be a number'],
  [{ signal: {} }, 'options.signal must be an AbortSignal'],
  [{ metadata: null }, 'options.metadata must be an object'],
  [{ metadata: { a: 1 } }, 'options.metadata must be an object'],
  [{ deadline: 5 }, 'options.deadline is no call option: they are signal, deadlineMs and metadata; got 5'],
])('call options %o are refused at once', async (options, message) => {
  const { remote } = await rpcPair({ ping: () => 1 });
  expect(() => withCallOptions(remote, options as object)).toThrow(message);
});

describe('bigints at the edge of what a number holds', () => {
  test.each([2n ** 53n, -(2n ** 53n), 2n ** 53n - 1n, 2n ** 53n + 1n, 0n])(
    '%s comes back as a bigint',
    async (value) => {
      const { remote } = await rpcPair({ echo: (sent: unknown) => sent });
      expect(await remote.echo([value, new Map([[value, value]])])).toStrictEqual([
        value,
        new Map([[value, value]]),
      ]);
    },
  );
});

test('paths through maps and sets say which entry', async () => {
  const { host } = await rpcPair({ take: () => 1 });
  const set = new Set<unknown>();
  set.add(set);
  await expect(host.call('take', [set])).rejects.toThrow('args[0]<item 0> contains itself');
  await expect(host.call('take', [new Map([['k', Symbol('s')]])])).rejects.toThrow(
    'args[0].get("k") is a symbol',
  );
  await expect(host.call('take', [new Map([[1, Symbol('s')]])])).rejects.toThrow(
    'args[0]<value 0> is a symbol',
  );
});

describe('a stream', () => {
  test('whose source failed before anyone read it fails its reader, and nothing else', async () => {
    const broken = (): Readable => {
      const stream = new Readable({ read() {} });
      stream.destroy(new Error('broken early'));
      return stream;
    };
    const { remote } = await rpcPair({
      give: broken,
      async read(stream: Readable) {
        for await (const chunk of stream) expect(chunk).toBeDefined();
      },
    });
    const given = await remote.give();
    await turn();
    await expect(
      (async () => {
        for await (const chunk of given) expect(chunk).toBeDefined();
      })(),
    ).rejects.toThrow('broken early');
    await expect(remote.read(broken())).rejects.toThrow('broken early');
  });

  test('whose source waits for its next event is left at once, and the handler’s signal tells it', async () => {
    let signal: AbortSignal | undefined;
    let closed = false;
    const pair = await rpcPair({
      async *events() {
        ({ signal } = callContext());
        try {
          yield 1;
          await new Promise((resolve) => signal?.addEventListener('abort', resolve));
        } finally {
          closed = true;
        }
      },
    });
    for await (const event of pair.remote.events()) if (event === 1) break;
    await vi.waitFor(() => expect([signal?.aborted, closed]).toEqual([true, true]));
    await vi.waitFor(() =>
      expect([pair.host.references, pair.plugin.references, pair.plugin.runningCalls]).toEqual([0, 0, 0]),
    );
    expect(pair.hostSession.streamCount).toBe(1);
  });

  test('whose source waits and looks at no signal is left all the same', async () => {
    const pair = await rpcPair({
      async *events() {
        yield 1;
        await new Promise(() => {});
      },
    });
    for await (const event of pair.remote.events()) if (event === 1) break;
    await vi.waitFor(() => expect([pair.host.references, pair.plugin.references]).toEqual([0, 0]));
    expect(pair.hostSession.streamCount).toBe(1);
  });

  test('knows its call: metadata at the top of a generator', async () => {
    const { remote } = await rpcPair({
      async *items() {
        yield callContext().metadata['tag'];
      },
    });
    for await (const tag of withCallOptions(remote, { metadata: { tag: 'x' } }).items())
      expect(tag).toBe('x');
  });

  test('of text chunks arrives as text', async () => {
    const { remote } = await rpcPair({
      text: () => Readable.from(['äö', 'ü'], { objectMode: false, encoding: 'utf8' }),
    });
    let all = '';
    for await (const chunk of await remote.text()) all += chunk as string;
    expect(all).toBe('äöü');
  });
});

describe('streams and errors', () => {
  test('a source gets what is thrown into it as an error', async () => {
    const { remote } = await rpcPair({
      async *items() {
        try {
          for (;;) {
            yield 1;
            await turn();
          }
        } catch (error) {
          yield [error instanceof RangeError, (error as Error).message];
        }
      },
    });
    const stream = await remote.items();
    await stream.next();
    const answer = await stream.throw(new RangeError('far'));
    if (answer.done !== true) expect(answer.value).toEqual([true, 'far']);
    await stream[Symbol.asyncDispose]();
  });

  test('a source that throws what cannot be read fails its consumer, and the plugin goes on', async () => {
    const { remote } = await rpcPair({
      async *items() {
        yield 1;
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        throw proxy as Error;
      },
      ping: () => 1,
    });
    const drain = async (): Promise<void> => {
      for await (const item of remote.items()) expect(item).toBe(1);
    };
    await expect(drain()).rejects.toThrow('cannot be read');
    expect(await remote.ping()).toBe(1);
  });

  test('a deadline bounds the stream of its call on both sides', async () => {
    let signal: AbortSignal | undefined;
    const { remote } = await rpcPair({
      async *items() {
        ({ signal } = callContext());
        yield 1;
        await new Promise((resolve) => signal?.addEventListener('abort', resolve));
      },
    });
    const drain = async (): Promise<void> => {
      for await (const item of withCallOptions(remote, { deadlineMs: 40 }).items()) expect(item).toBe(1);
    };
    await expect(drain()).rejects.toMatchObject({ code: 'RPC_DEADLINE' });
    await vi.waitFor(() => expect(signal?.aborted).toBe(true));
  });
});

test('an object with a function named then is refused, as a promise is', async () => {
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

describe('limits', () => {
  test('a cancelled call no longer counts, also where its handler never looks', async () => {
    const { remote, hostShared } = await rpcPair(
      { hang: (_options: { signal: AbortSignal }) => new Promise<never>(() => {}), ping: () => 1 },
      { hostLimits: { maxPendingCalls: 2 } },
    );
    const controller = new AbortController();
    const calls = [remote.hang({ signal: controller.signal }), remote.hang({ signal: controller.signal })];
    controller.abort(new Error('enough'));
    for (const call of calls) await expect(call).rejects.toThrow('enough');
    expect(hostShared.counts.pendingCalls).toBe(0);
    expect(await remote.ping()).toBe(1);
  });

  test('a call that is cancelled while it waits never runs, and is answered', async () => {
    let ran = 0;
    let release = (): void => {};
    const { remote, plugin } = await rpcPair(
      {
        hold: () => new Promise<void>((resolve) => (release = resolve)),
        count: (_options: { signal: AbortSignal }) => ++ran,
      },
      { pluginLimits: { maxRunningCalls: 1 } },
    );
    const held = remote.hold();
    const controller = new AbortController();
    const waiting = remote.count({ signal: controller.signal });
    await vi.waitFor(() => expect(plugin.runningCalls).toBe(2));
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    await vi.waitFor(() => expect(plugin.runningCalls).toBe(1));
    release();
    await held;
    expect(ran).toBe(0);
  });

  test('the deadline of one whose connection has gone takes no other out of the queue', async () => {
    let release = (): void => {};
    const served = { hold: () => new Promise<void>((resolve) => (release = resolve)), count: () => 1 };
    const pair = await rpcPair(served, { pluginLimits: { maxRunningCalls: 1 } });
    const { hostShared, pluginShared } = pair;
    const id = pluginShared.broker.nextId();
    const taken = pluginShared.broker.acceptRaw(id);
    const other = new Conversation(hostShared.broker.dialRaw(id), { shared: hostShared, prefix: 'Plugin.' });
    new Conversation(await taken, {
      shared: pluginShared,
      prefix: 'Plugin.',
      served: servedObjectOf(served),
    });
    const held = pair.remote.hold();
    const gone = other.call('count', [], { deadlineMs: 300 });
    const waiting = pair.remote.count();
    const late = pair.host.call('count', [], { deadlineMs: 400 });
    await vi.waitFor(() => expect(pluginShared.waiting).toHaveLength(3));
    other.close();
    await expect(gone).rejects.toMatchObject({ code: 'RPC_CLOSED' });
    await expect(late).rejects.toMatchObject({ code: 'RPC_DEADLINE' });
    await vi.waitFor(() => expect(pluginShared.waiting).toHaveLength(1));
    release();
    await held;
    expect(await waiting).toBe(1);
  });
});

test('a stream that is reset alone says so, and asks nobody for the process’s end', async () => {
  const explainLoss = vi.fn(async () => new Error('the process is gone'));
  const peer = await rawPlugin({ shared: { explainLoss } });
  const call = peer.conversation.call('x', []);
  await peer.received();
  peer.sends('c1');
  await expect(call).rejects.toMatchObject({ code: 'RPC_CLOSED', cause: { code: 'RPC_PROTOCOL' } });
  expect(explainLoss).not.toHaveBeenCalled();
});

test('the protocol’s words have their codes where a peer sends none', async () => {
  const peer = await rawPlugin({ capabilities: ['errors'] });
  for (const [id, [words, code]] of [
    ["can't find method Plugin.x", 'RPC_UNKNOWN_METHOD'],
    ['unknown plugin type: x', 'RPC_UNKNOWN_PLUGIN'],
    ['plugin is shutting down', 'RPC_SHUTTING_DOWN'],
  ].entries()) {
    const call = peer.conversation.call('x', []);
    await peer.received();
    peer.sendsBytes(
      Buffer.concat([
        Buffer.from([0x94, 1, id, 0x81, 0xa7]),
        Buffer.from('message'),
        Buffer.from([0xa0 + words!.length]),
        Buffer.from(words!),
        Buffer.from([0xc0]),
      ]),
    );
    await expect(call).rejects.toMatchObject({ code, message: words });
  }
});

test('what undialled streams hold is counted', async () => {
  const { remote, hostShared, pluginShared } = await rpcPair({
    async *items() {
      yield 1;
    },
  });
  const stream = await remote.items();
  expect([hostShared.counts.references, pluginShared.counts.references]).toEqual([1, 1]);
  await stream[Symbol.asyncDispose]();
  await vi.waitFor(() =>
    expect([hostShared.counts.references, pluginShared.counts.references]).toEqual([0, 0]),
  );
});

describe('a contract', () => {
  const text: StandardSchema<string> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value) =>
        typeof value === 'string' ? { value } : { issues: [{ message: 'expected a string' }] },
    },
  };
  const contract = defineContract({
    get: { input: [text], output: text, errors: { MISSING: text } },
    put: { errors: { FULL: text } },
    watch: { items: text },
  });

  test('leaves handlers their context', async () => {
    const served = implement(contract, {
      get: (key) => `${key} ${callContext().metadata['tag'] ?? ''}`,
      put: () => callContext().method,
      async *watch() {
        yield callContext().method;
      },
    });
    const { host } = await rpcPair(served);
    expect(await host.call('get', ['k'], { metadata: { tag: 'x' } })).toBe('k x');
    expect(await host.call('put', [])).toBe('Plugin.put');
    const stream = (await host.call('watch', [])) as AsyncIterable<string>;
    for await (const item of stream) expect(item).toBe('Plugin.watch');
  });

  test('checks the data of declared errors, and passes off no others', async () => {
    const served = implement(contract, {
      get(key): string {
        throw key === 'bad'
          ? new DeclaredError('MISSING', 5, 'bad')
          : declaredError(contract, 'MISSING', key);
      },
      put() {
        throw declaredError(contract, 'MISSING', 'elsewhere');
      },
      async *watch() {},
    });
    const { remote, host } = await rpcPair(served);
    await expect(checked(contract, remote).get('k')).rejects.toMatchObject({ code: 'MISSING', data: 'k' });
    await expect(host.call('get', ['bad'])).rejects.toMatchObject({ code: 'RPC_INVALID_OUTPUT' });
    await expect(host.call('put', [])).rejects.toMatchObject({ code: 'RPC_INVALID_OUTPUT' });
    const loose = await rpcPair({
      get() {
        throw new DeclaredError('MISSING', 5, 'loose');
      },
    });
    await expect(checked(contract, loose.remote).get('k')).rejects.toMatchObject({
      code: 'RPC_INVALID_OUTPUT',
    });
  });
});

describe('the control stream', () => {
  test('stands outside the limits and the interceptors of the side that answers', async () => {
    const intercepted = vi.fn();
    const never = { hang: () => new Promise(() => {}), ping: () => 1 };
    const options = {
      isControl: true,
      limits: { maxRunningCalls: 1, maxQueuedCalls: 1 },
      shared: { handlerInterceptors: [intercepted] },
    };
    const peer = await rawHost(never, options);
    for (const id of ['01', '02', '03']) peer.sends(`94 00 ${id} a4 68616e67 90`);
    peer.sends('94 00 04 a4 70696e67 90');
    await peer.expects('94 01 04 c0 01');
    expect(intercepted).not.toHaveBeenCalled();
  });

  test('stands outside the limits and the interceptors of the side that asks', async () => {
    const intercepted = vi.fn();
    const options = {
      isControl: true,
      limits: { maxPendingCalls: 1 },
      shared: { callInterceptors: [intercepted] },
    };
    const peer = await rawPlugin(options);
    peer.conversation.call('a', []).catch(() => {});
    peer.conversation.call('b', []).catch(() => {});
    await peer.expects('94 00 00 a1 61 90 94 00 01 a1 62 90');
    expect(intercepted).not.toHaveBeenCalled();
  });
});
