import { AsyncLocalStorage } from 'node:async_hooks';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { callContext, keepContextEverywhere } from '../support/internals.ts';
import { rpcPair } from '../support/rpc-pair.ts';

const store = new AsyncLocalStorage<string>();
const here = (): string => store.getStore() ?? 'none';

describe('a stream runs in the async context in which it was passed', () => {
  const connect = () => store.run('connect', () => rpcPair({ ...reader }));

  const reader = {
    async read(items: AsyncIterable<string>): Promise<string[]> {
      const heard: string[] = [];
      for await (const item of items) heard.push(item);
      return heard;
    },
    async readOne(items: AsyncIterable<string>): Promise<string | undefined> {
      for await (const item of items) return item;
      return undefined;
    },
    async throwInto(items: AsyncGenerator<string>): Promise<unknown[]> {
      await items.next();
      const { value } = await items.throw(new Error('thrown'));
      await items.return(undefined);
      return [value];
    },
    async callReturned(items: AsyncGenerator<string, () => Promise<string>>): Promise<string> {
      await items.next();
      const step = await items.next();
      return step.done === true ? await step.value() : 'no function';
    },
    async idle(
      items: AsyncIterable<string>,
      started: () => void,
      options: { signal: AbortSignal },
    ): Promise<never> {
      await items[Symbol.asyncIterator]().next();
      started();
      return new Promise((_, reject) => {
        options.signal.addEventListener('abort', () => reject(options.signal.reason as Error));
      });
    },
  };

  type Ended = (where: string) => void;

  /**
   * Yields the name of the async context in which the generator's code runs, also after an await. `ended`
   * gets the name of the context in which the generator cleans up.
   */
  async function* generator(ended?: Ended, count = 3): AsyncGenerator<string, undefined> {
    try {
      for (let n = 0; n < count; n += 1) {
        yield here();
        await new Promise(setImmediate);
      }
    } catch {
      yield here();
    } finally {
      ended?.(here());
    }
    return undefined;
  }

  function iterator(ended: Ended, count = 3): AsyncIterable<string> {
    return {
      [Symbol.asyncIterator]: () => ({
        next: async () => (count-- > 0 ? { done: false, value: here() } : { done: true, value: undefined }),
        return: async () => {
          ended(here());
          return { done: true, value: undefined };
        },
      }),
    };
  }

  const webStream = (ended: Ended, count = 3): ReadableStream<string> =>
    new ReadableStream(
      {
        pull: (controller) => (count-- > 0 ? controller.enqueue(here()) : controller.close()),
        cancel: () => ended(here()),
      },
      { highWaterMark: 0 },
    );

  const nodeStream = (ended: Ended, count = 3): Readable =>
    new Readable({
      objectMode: true,
      highWaterMark: 1,
      read() {
        this.push(count-- > 0 ? here() : null);
      },
      destroy(error, callback) {
        ended(here());
        callback(error);
      },
    });

  const kinds = { generator, iterator, webStream, nodeStream };

  test.each(Object.entries(kinds))('%s: for the items of many simultaneous calls', async (_, make) => {
    const { remote } = await connect();
    const heard = await Promise.all(
      ['a', 'b', 'c'].map((name) => store.run(name, () => remote.read(make(() => {})))),
    );
    expect(heard).toEqual(['a', 'b', 'c'].map((name) => [name, name, name]));
  });

  test.each(Object.entries(kinds))('%s: at its end, when the reader leaves', async (_, make) => {
    const { remote } = await connect();
    const ended: Record<string, string> = {};
    const give = (name: string) => remote.readOne(make((where) => (ended[name] = where), Infinity));
    const heard = await Promise.all(['a', 'b'].map((name) => store.run(name, () => give(name))));
    expect(heard).toEqual(['a', 'b']);
    await expect.poll(() => ended).toEqual({ a: 'a', b: 'b' });
  });

  test.each(Object.entries(kinds))('%s: at its end, if another context cancels the call', async (_, make) => {
    const { remote } = await connect();
    const ended: string[] = [];
    const controller = new AbortController();
    let call!: Promise<never>;
    await new Promise<void>((started) => {
      const { signal } = controller;
      const items = make((where) => ended.push(where), Infinity);
      call = store.run('given here', () => remote.idle(items, started, { signal }));
      call.catch(() => {});
    });
    store.run('cancelled here', () => controller.abort());
    await expect(call).rejects.toThrow();
    await expect.poll(() => ended).toEqual(['given here']);
  });

  test('catch and finally of the stream run in that context when the reader throws into it', async () => {
    const { remote } = await connect();
    const ended: string[] = [];
    const heard = await store.run('a', () => remote.throwInto(generator((where) => ended.push(where))));
    expect([heard, ended]).toEqual([['a'], ['a']]);
  });

  test('a function that the stream returns runs in that context', async () => {
    const { remote } = await connect();
    async function* returns(): AsyncGenerator<string, () => Promise<string>> {
      yield 'an item';
      return async () => here();
    }
    expect(await store.run('a', () => remote.callReturned(returns()))).toBe('a');
  });

  test('a stream in the result of a callback runs in the context of the callback', async () => {
    const { remote } = await store.run('connect', () =>
      rpcPair({
        async readFrom(open: () => Promise<AsyncIterable<string>>): Promise<string[]> {
          return reader.read(await open());
        },
      }),
    );
    const ended: string[] = [];
    const give = (name: string) =>
      store.run(name, () => remote.readFrom(async () => generator((where) => ended.push(where))));
    expect(await Promise.all(['a', 'b'].map(give))).toEqual([
      ['a', 'a', 'a'],
      ['b', 'b', 'b'],
    ]);
    expect(ended.toSorted()).toEqual(['a', 'b']);
  });

  test('a stream that the plugin passes to a callback runs in the plugin’s context', async () => {
    const { remote } = await store.run('connect', () =>
      rpcPair({
        giveTo: (name: string, read: (items: AsyncIterable<string>) => Promise<string[]>) =>
          store.run(name, () => read(generator())),
      }),
    );
    const give = (name: string) => remote.giveTo(name, async (items) => reader.read(items));
    expect(await Promise.all(['a', 'b'].map(give))).toEqual([
      ['a', 'a', 'a'],
      ['b', 'b', 'b'],
    ]);
  });

  test('a stream in the result of a handler runs in the context of the handler', async () => {
    keepContextEverywhere();
    async function* methods(): AsyncGenerator<string> {
      yield callContext().method;
      await new Promise(setImmediate);
      yield callContext().method;
    }
    const { remote } = await rpcPair({ a: () => methods(), b: async () => methods() });
    const [a, b] = await Promise.all([reader.read(await remote.a()), reader.read(await remote.b())]);
    expect([a, b]).toEqual([
      ['Plugin.a', 'Plugin.a'],
      ['Plugin.b', 'Plugin.b'],
    ]);
  });
});
