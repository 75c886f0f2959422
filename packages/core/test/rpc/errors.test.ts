import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { isPipeworkError, RemoteError, withCallOptions } from '../support/internals.ts';
import { rawPlugin } from '../support/raw-peer.ts';
import { rpcPair } from '../support/rpc-pair.ts';

async function failure(
  thrown: () => unknown,
  options?: Parameters<typeof rpcPair>[1],
): Promise<Error & Record<string, unknown>> {
  const { remote } = await rpcPair(
    {
      fail(): unknown {
        throw thrown() as Error;
      },
    },
    options,
  );
  return (await remote.fail().then(
    () => Promise.reject(new Error('the call did not fail')),
    (error: unknown) => error,
  )) as Error & Record<string, unknown>;
}

class MyError extends Error {
  override name = 'MyError';
  code = 'E_MY';
  detail = { list: [1n, new Map([[1, 2]])] };
}

describe('an error that a handler throws', () => {
  test('keeps its name, message, code, chain of causes and own fields', async () => {
    const error = await failure(
      () => new MyError('mine', { cause: new TypeError('inner', { cause: new Error('root') }) }),
    );
    expect(error).toBeInstanceOf(RemoteError);
    expect(error).toMatchObject({ name: 'MyError', message: 'mine', code: 'E_MY' });
    expect(error['detail']).toStrictEqual({ list: [1n, new Map([[1, 2]])] });
    expect(error.cause).toBeInstanceOf(TypeError);
    expect(((error.cause as Error).cause as Error).message).toBe('root');
  });

  test.each([TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError])(
    '%o arrives with its own class',
    async (Class) => {
      const error = await failure(() => new Class('x'));
      expect(error).toBeInstanceOf(Class);
      expect(error.name).toBe(Class.name);
    },
  );

  test('an error of a subclass of a built-in class arrives as an instance of the built-in class, with its own name', async () => {
    class Bad extends TypeError {
      override name = 'Bad';
    }
    const error = await failure(() => new Bad('x'));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.name).toBe('Bad');
  });

  test('an AbortError is a DOMException', async () => {
    const error = await failure(() => new DOMException('stop', 'AbortError'));
    expect(error).toBeInstanceOf(DOMException);
    expect(error.name).toBe('AbortError');
  });

  test('an AggregateError keeps its errors', async () => {
    const error = await failure(() => new AggregateError([new Error('a'), new RangeError('b')], 'both'));
    expect(error).toBeInstanceOf(AggregateError);
    const { errors } = error as unknown as AggregateError;
    expect((errors as Error[]).map(({ name, message }) => `${name} ${message}`)).toEqual([
      'Error a',
      'RangeError b',
    ]);
  });

  test('has the remote stack as a property of its own, which inspect() shows after the local stack', async () => {
    const error = await failure(() => new MyError('mine'));
    expect(error.stack).toMatch(/^MyError: mine\n {4}at Plugin\.fail \(plugin test\)/);
    expect(error['remoteStack']).toContain('errors.test.ts');
    expect(Object.keys(error)).not.toContain('remoteStack');
    const shown = inspect(error);
    expect(shown.indexOf('in the other process')).toBeGreaterThan(shown.indexOf('Plugin.fail'));
    expect(shown).toContain('errors.test.ts');
  });

  test('has a local stack that leads to the code that awaited the call', async () => {
    const { remote } = await rpcPair({
      fail() {
        throw new Error('far away');
      },
    });
    const callsIt = async (): Promise<void> => {
      await remote.fail();
    };
    const error = (await callsIt().catch((thrown: unknown) => thrown)) as Error;
    expect(error.stack).toMatch(
      /^Error: far away\n {4}at Plugin\.fail \(plugin test\)\n(.*\n)*? {4}at (async )?callsIt/,
    );
  });

  test.each([
    ['zero', 0],
    ['undefined', undefined],
    ['null', null],
    ['false', false],
    ['an empty text', ''],
    ['a symbol', Symbol('s')],
    ['a function', () => {}],
  ])('makes the call fail even if it is %s', async (_name, thrown) => {
    expect(await failure(() => thrown)).toBeInstanceOf(Error);
    expect(await failure(() => thrown, { capabilities: [] })).toBeInstanceOf(Error);
    const error = await failure(() => thrown);
    expect(error).toBeInstanceOf(RemoteError);
    expect(error.name).toBe('');
    expect(error.stack).toMatch(/^the handler threw/);
    if (typeof thrown !== 'symbol' && typeof thrown !== 'function')
      expect(error).toHaveProperty('thrown', thrown);
  });

  test('loses only the fields that cannot be sent', async () => {
    const error = await failure(() => {
      const bad = Object.assign(new Error('bad'), { fine: 1, fn: () => {}, self: {} });
      bad.self = { bad: Symbol('s') };
      Object.defineProperty(bad, 'trap', {
        enumerable: true,
        get: () => {
          throw new Error('trap');
        },
      });
      return bad;
    });
    expect(error.message).toBe('bad');
    expect(error['fine']).toBe(1);
    expect(Object.keys(error)).toEqual(['fine']);
  });

  test('is sent even if its causes form a cycle', async () => {
    const error = await failure(() => {
      const one = new Error('one');
      one.cause = new Error('two', { cause: one });
      return one;
    });
    expect((error.cause as Error).message).toBe('two');
  });

  test('is sent as a text to a peer of the base', async () => {
    const error = await failure(() => new MyError('mine'), { capabilities: [] });
    expect(error.message).toBe('mine');
  });

  test('goes through the redaction hook', async () => {
    const error = await failure(() => new Error('secret'), {
      plugin: {
        redactError: (thrown, method) =>
          new Error(`${method} failed (${String((thrown as Error).message.length)})`),
      },
    });
    expect(error.message).toBe('Plugin.fail failed (6)');
  });

  test('goes through the redaction hook even if it is sent as a value', async () => {
    const seen: string[] = [];
    const { remote } = await rpcPair(
      {
        result: () => ({ list: [new Error('secret', { cause: new Error('deep secret') })] }),
        async *items() {
          yield new MyError('secret');
        },
        visit: async (take: (error: Error) => Promise<string>) => take(new Error('secret')),
      },
      {
        plugin: {
          redactError: (error, method) => {
            seen.push(`${method}: ${(error as Error).message}`);
            return Object.assign(new Error('hidden'), { inner: new Error('chosen') });
          },
        },
      },
    );
    seen.length = 0;
    const [inResult] = (await remote.result()).list;
    expect(inResult).toMatchObject({ message: 'hidden', inner: { message: 'chosen' } });
    expect(inResult).not.toHaveProperty('cause');
    for await (const item of remote.items()) expect(item.message).toBe('hidden');
    expect(await remote.visit(async (error) => error.message)).toBe('hidden');
    expect(seen).toEqual(['Plugin.result: secret', 'Plugin.items: secret', '$/call: secret']);
  });

  test('goes through the redaction hook with the name of its own call, even if a getter beside it makes another call', async () => {
    const seen: string[] = [];
    const { remote } = await rpcPair(
      { outer: (_value: unknown) => 'outer', inner: (_value: unknown) => 'inner' },
      {
        host: {
          redactError: (error, method) => {
            seen.push(`${method}: ${(error as Error).message}`);
            return error;
          },
        },
      },
    );
    let answer: Promise<string> | undefined;
    const argument = {
      first: new Error('first'),
      get second() {
        answer ??= remote.inner({ error: new Error('inside') });
        return 2;
      },
      third: new Error('third'),
    };
    await withCallOptions(remote, { deadlineMs: 60_000 }).outer(argument);
    await answer;
    expect(seen.toSorted()).toEqual(['Plugin.inner: inside', 'Plugin.outer: first', 'Plugin.outer: third']);
  });
});

test('an error of the other side’s pipework is recognised here by brand and code', async () => {
  const { host } = await rpcPair({});
  const error: unknown = await host.call('nope', []).catch((thrown: unknown) => thrown);
  expect(isPipeworkError(error)).toBe(true);
  expect(error).toMatchObject({
    code: 'RPC_UNKNOWN_METHOD',
    message: "can't find method Plugin.nope: the object offers no method",
  });
});

test('a connection error that the peer relays has a remote stack, and a connection error of this side has none', async () => {
  const inner = await rpcPair({ hang: () => new Promise<never>(() => {}) });
  const outer = await rpcPair({
    hang: () => inner.host.call('hang', []),
    wait: () => new Promise<never>(() => {}),
  });
  const relayed = outer.host.call('hang', []);
  const own = outer.host.call('wait', []);
  await expect.poll(() => inner.plugin.runningCalls).toBe(1);
  inner.cut();
  const [code, remoteStack] = ['RPC_CLOSED', expect.stringContaining('Plugin.hang') as unknown];
  await expect(relayed).rejects.toMatchObject({ code, remoteStack });
  outer.cut();
  const error: unknown = await own.catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code });
  expect(error).not.toHaveProperty('remoteStack');
});

describe('a hostile error', () => {
  const hostile: [string, string][] = [
    ['named constructor', '82 a4 6e616d65 ab 636f6e7374727563746f72 a7 6d657373616765 a1 78'],
    ['named Function', '82 a4 6e616d65 a8 46756e6374696f6e a7 6d657373616765 a1 78'],
    ['named Buffer', '82 a4 6e616d65 a6 427566666572 a7 6d657373616765 a1 78'],
    ['named __proto__', '81 a4 6e616d65 a9 5f5f70726f746f5f5f'],
    ['with data that shadows then and toString', '81 a4 64617461 82 a4 7468656e 01 a8 746f537472696e67 01'],
    ['with data __proto__', '81 a4 64617461 81 a9 5f5f70726f746f5f5f 81 a1 78 01'],
    [
      'whose fields are of the wrong types',
      '85 a4 6e616d65 01 a7 6d657373616765 90 a5 6361757365 c3 a6 6572726f7273 80 a5 737461636b 07',
    ],
  ];
  test.each(hostile)('%s is an ordinary Error', async (_name, hex) => {
    const peer = await rawPlugin({ capabilities: ['errors'] });
    const call = peer.conversation.call('x', []);
    await peer.received();
    peer.sends(`94 01 00 ${hex} c0`);
    const error = (await call.catch((thrown: unknown) => thrown)) as Error;
    expect(error).toBeInstanceOf(Error);
    expect(typeof String(error)).toBe('string');
    expect(typeof error.toString).toBe('function');
    expect('then' in error).toBe(false);
    expect('x' in error).toBe(false);
    expect(inspect(error)).toContain('Plugin.x');
  });
});

describe('an error whose message is a sentence of the protocol', () => {
  const sentences: [string, string][] = [
    ["can't find method Plugin.x", 'RPC_UNKNOWN_METHOD'],
    ['unknown plugin type: x', 'RPC_UNKNOWN_PLUGIN'],
    ['unknown service: x', 'RPC_UNKNOWN_SERVICE'],
    ['plugin is shutting down', 'RPC_SHUTTING_DOWN'],
  ];
  const failureOf = async (capabilities: readonly 'errors'[], packed: number[]): Promise<unknown> => {
    const peer = await rawPlugin({ capabilities });
    const call = peer.conversation.call('x', []).catch((error: unknown) => error);
    await peer.received();
    peer.sendsBytes(Buffer.from([0x94, 1, 0, ...packed, 0xc0]));
    return call;
  };
  const text = (words: string): number[] => [0xa0 + words.length, ...Buffer.from(words)];
  const bytes = (words: string): number[] => [0xc4, words.length, ...Buffer.from(words)];
  const map = (words: string): number[] => [0x81, ...text('message'), ...text(words)];

  test.each(sentences)(
    '%s, gets the code of the sentence if the peer sends a text',
    async (message, code) => {
      for (const capabilities of [[], ['errors']] as const)
        for (const packed of [text(message), bytes(message)])
          expect(await failureOf(capabilities, packed)).toMatchObject({ message, code });
    },
  );

  test.each(sentences)('%s, gets no code if the peer sends a map without a code', async (message) => {
    for (const capabilities of [[], ['errors']] as const) {
      const error = await failureOf(capabilities, map(message));
      expect(error).toMatchObject({ message });
      expect(error).not.toHaveProperty('code');
      expect(isPipeworkError(error)).toBe(false);
    }
  });
});
