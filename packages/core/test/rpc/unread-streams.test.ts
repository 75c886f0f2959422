/**
 * Tests that streams end when the call that they came for settles, if its handler has not read them. The
 * handler may be on either side.
 */
import { describe, expect, test } from 'vitest';
import { ref } from '../support/internals.ts';
import { type Pair, rpcPair } from '../support/rpc-pair.ts';
import { atRest, collect, source } from '../support/streams.ts';

type Body = { body: AsyncIterable<unknown> };
type Bodies = AsyncIterable<Body>;
type Take = (given: never) => Promise<unknown>;

const ways: Record<string, { pass(body: () => Body): unknown; take: Take }> = {
  'an item of an argument': {
    pass: (body) => bodies(body),
    take: (items: Bodies) => collect(items),
  },
  'an item of an argument that the handler leaves': {
    pass: (body) => bodies(body, 3),
    async take(items: Bodies) {
      for await (const item of items) return item;
      return undefined;
    },
  },
  'the result of a callback': {
    pass: (body) => () => body().body,
    take: (open: () => Promise<unknown>) => open(),
  },
  'the result of an object’s method': {
    pass: (body) => ref({ open: body }),
    take: (object: { open(): Promise<unknown> }) => object.open(),
  },
  'an item of a callback’s stream': {
    pass: (body) => () => bodies(body),
    take: async (open: () => Promise<Bodies>) => collect(await open()),
  },
};

async function* bodies(body: () => Body, count = 1): AsyncGenerator<Body> {
  for (let n = 0; n < count; n++) yield body();
}

/** Makes streams, and counts how many of their sources were told to end. */
function counting(): { body(): Body; told: number } {
  const counter = {
    told: 0,
    body: () => ({ body: new ReadableStream({ cancel: () => void counter.told++ }) }),
  };
  return counter;
}

async function isAtRest(pair: Pair<object>, counter: { told: number }, told: number): Promise<void> {
  await expect.poll(() => counter.told).toBeGreaterThanOrEqual(told);
  await atRest(pair);
}

const calls = 5;

describe.each(Object.entries(ways))(
  'a stream that is not read ends with the call, if it came in %s',
  (_, { pass, take }) => {
    test('of the host', async () => {
      const counter = counting();
      const pair = await rpcPair({
        async call(given: unknown): Promise<void> {
          await take(given as never);
        },
      });
      for (let n = 0; n < calls; n++) await pair.remote.call(pass(counter.body));
      await isAtRest(pair, counter, calls);
    });

    test('of the plugin', async () => {
      const counter = counting();
      const pair = await rpcPair({
        async give(call: (given: unknown) => Promise<void>): Promise<void> {
          for (let n = 0; n < calls; n++) await call(pass(counter.body));
        },
      });
      await pair.remote.give(async (given) => void (await take(given as never)));
      await isAtRest(pair, counter, calls);
    });

    test('if the handler fails', async () => {
      const counter = counting();
      const pair = await rpcPair({
        async call(given: unknown): Promise<void> {
          await take(given as never);
          throw new Error('no');
        },
      });
      await expect(pair.remote.call(pass(counter.body))).rejects.toThrow('no');
      await isAtRest(pair, counter, 1);
    });
  },
);

test('a stream in an item that is first read after its call fails', async () => {
  let late: AsyncIterable<unknown> | undefined;
  const pair = await rpcPair({
    async upload(items: Bodies): Promise<void> {
      for await (const { body } of items) late = body;
    },
  });
  await pair.remote.upload(bodies(() => ({ body: source([]) })));
  await expect(collect(late!)).rejects.toMatchObject({ code: 'RPC_REFERENCE_RELEASED' });
  await atRest(pair);
});

test('a stream of a callback can be the result of the handler', async () => {
  const pair = await rpcPair({ get: (open: () => AsyncIterable<number>) => open() });
  expect(await collect(pair.remote.get(() => source([], 3)))).toEqual([0, 1, 2]);
  await atRest(pair);
});

test('streams in items that the handler reads on after its call has settled stay', async () => {
  const { promise: settled, resolve: settle } = defer<void>();
  let rest: Promise<unknown[]> | undefined;
  const pair = await rpcPair({
    async upload(items: Bodies): Promise<void> {
      const iterator = items[Symbol.asyncIterator]();
      const { value } = (await iterator.next()) as { value: Body };
      rest = settled.then(async () => {
        const read = await collect(value.body);
        for await (const { body } of { [Symbol.asyncIterator]: () => iterator })
          read.push(...(await collect(body)));
        return read;
      });
    },
  });
  await pair.remote.upload(bodies(() => ({ body: source([], 2) }), 3));
  settle();
  expect(await rest).toEqual([0, 1, 0, 1, 0, 1]);
  await atRest(pair);
});

function defer<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
}
