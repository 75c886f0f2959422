import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { callContext, withCallOptions } from '../support/internals.ts';
import { rpcPair } from '../support/rpc-pair.ts';

async function* one() {
  yield 1;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a stream', () => {
  // Broker ids are consecutive, so a peer can guess the next id. In an earlier version, a peer that dialled a
  // guessed id caused an error outside of any call.
  test('ends immediately, and harms nothing else, if the peer guessed its id, dialled it early and left', async () => {
    let closed = 0;
    const pair = await rpcPair({
      async *count() {
        try {
          yield 1;
        } finally {
          closed += 1;
        }
      },
      take: async (numbers: AsyncIterable<number>) => typeof numbers,
      echo: (value: unknown) => value,
    });
    const dialAhead = async (from: typeof pair.hostShared, to: typeof pair.hostShared): Promise<void> => {
      const next = to.broker.nextId() + 1;
      for (const id of [next, next + 1, next + 2]) {
        const stream = from.broker.dialRaw(id);
        stream.end();
      }
      await turn();
      await turn();
    };
    await dialAhead(pair.hostShared, pair.pluginShared);
    const given = await pair.remote.count();
    await given[Symbol.asyncIterator]().return?.();
    await dialAhead(pair.pluginShared, pair.hostShared);
    await pair.remote.take(
      (async function* () {
        yield 1;
      })(),
    );
    expect(await pair.remote.echo('still here')).toBe('still here');
    expect(closed).toBe(0);
    await expect.poll(() => [pair.host.references, pair.plugin.runningCalls]).toEqual([0, 0]);
  });

  test.each(['plugin', 'host'] as const)(
    'of the %s does not affect an accept() that waits for an id of the other side',
    async (side) => {
      const pair = await rpcPair({
        count: one,
        async read(numbers: AsyncIterable<number>) {
          const items: number[] = [];
          for await (const item of numbers) items.push(item);
          return items;
        },
      });
      const [here, there] =
        side === 'plugin' ? [pair.pluginShared, pair.hostShared] : [pair.hostShared, pair.pluginShared];
      const next = here.broker.nextId() + 1;
      const ids = [next, next + 1, next + 2];
      const accepted = ids.map((id) => here.broker.accept(id));
      for (let count = 0; count < 5; count++) {
        const items: number[] = [];
        if (side === 'plugin') for await (const item of await pair.remote.count()) items.push(item);
        else items.push(...(await pair.remote.read(one())));
        expect(items).toEqual([1]);
      }
      for (const [at, id] of ids.entries()) {
        (await there.broker.dial(id)).end('for the user');
        const stream = await (accepted[at] as (typeof accepted)[0]);
        expect(String(await once(stream, 'data'))).toBe('for the user');
        stream.end();
      }
    },
  );

  test('makes only its reader fail if the source failed before the reader began to read', async () => {
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

  test('whose source waits for an event ends immediately when the reader leaves, and the handler’s signal aborts', async () => {
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
    await expect.poll(() => [signal?.aborted, closed]).toEqual([true, true]);
    await expect
      .poll(() => [pair.host.references, pair.plugin.references, pair.plugin.runningCalls])
      .toEqual([0, 0, 0]);
    expect(pair.hostSession.streamCount).toBe(1);
  });

  test('whose source waits and ignores its signal also ends when the reader leaves', async () => {
    const pair = await rpcPair({
      async *events() {
        yield 1;
        await new Promise(() => {});
      },
    });
    for await (const event of pair.remote.events()) if (event === 1) break;
    await expect.poll(() => [pair.host.references, pair.plugin.references]).toEqual([0, 0]);
    expect(pair.hostSession.streamCount).toBe(1);
  });

  test('has the context of its call, so a generator can read the metadata before its first await', async () => {
    const { remote } = await rpcPair({
      async *items() {
        yield callContext().metadata['tag'];
      },
    });
    for await (const tag of withCallOptions(remote, { metadata: { tag: 'x' } }).items())
      expect(tag).toBe('x');
  });

  test('that gives chunks of text arrives as text', async () => {
    const { remote } = await rpcPair({
      text: () => Readable.from(['äö', 'ü'], { objectMode: false, encoding: 'utf8' }),
    });
    let all = '';
    for await (const chunk of await remote.text()) all += chunk as string;
    expect(all).toBe('äöü');
  });
});

describe('streams and errors', () => {
  test('a source receives the error that its consumer throws into it', async () => {
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
    expect(answer).toEqual({ done: false, value: [true, 'far'] });
    await stream[Symbol.asyncDispose]();
  });

  test('if a source throws a value that cannot be read, its consumer fails and the plugin continues', async () => {
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
    await expect(drain()).rejects.toThrow('the handler threw a value');
    expect(await remote.ping()).toBe(1);
  });

  test('the deadline of a call ends the stream in the call’s result on both sides', async () => {
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
    await expect.poll(() => signal?.aborted).toBe(true);
  });

  describe('that arrives as a Node stream fails without an uncaught exception, even if its reader has no error listener', () => {
    const idle = (): PassThrough => {
      const stream = new PassThrough();
      stream.write('first');
      return stream;
    };
    /** Reads without an error listener. Resolves with the error of the stream when the stream has closed. */
    const read = (stream: Readable): Promise<unknown> =>
      new Promise((resolve) => stream.on('data', () => {}).on('close', () => resolve(stream.errored)));

    test('in an argument of a call whose deadline passes', async () => {
      let errored: Promise<unknown> | undefined;
      const { remote } = await rpcPair({ take: (stream: Readable) => (errored = read(stream)) });
      const call = withCallOptions(remote, { deadlineMs: 40 }).take(idle());
      await expect(call).rejects.toMatchObject({ code: 'RPC_DEADLINE' });
      expect(await errored).toBeInstanceOf(Error);
    });

    test('in the result of a call whose deadline passes', async () => {
      const { remote } = await rpcPair({ items: () => idle() as Readable });
      const stream = await withCallOptions(remote, { deadlineMs: 40 }).items();
      expect(await read(stream)).toMatchObject({ code: 'RPC_DEADLINE' });
    });

    test('in an argument of a call that the handler answers before it has read the stream', async () => {
      let errored: Promise<unknown> | undefined;
      const { remote, host } = await rpcPair({
        take(stream: Readable) {
          errored = read(stream);
          return 1;
        },
      });
      expect(await remote.take(idle())).toBe(1);
      host.close();
      expect(await errored).toBeInstanceOf(Error);
    });
  });
});
