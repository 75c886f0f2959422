/**
 * Tests that a cancelled call also ends the streams whose source has already ended, if the reader has not
 * taken all their items. The reader may be on either side.
 */
import { getEventListeners } from 'node:events';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { ref, withCallOptions } from '../support/internals.ts';
import { type Pair, rpcPair } from '../support/rpc-pair.ts';
import { atRest, source } from '../support/streams.ts';

type Items = AsyncIterable<unknown>;

const enough = new Error('enough');
const count = 10;

/** Makes a stream of ten items, in one of the forms in which streams travel. */
const forms: Record<string, () => Items> = {
  'an async iterable': () => source([], count),
  'a web stream': () => ReadableStream.from(source([], count)),
  'a Node stream': () => Readable.from(source([], count), { highWaterMark: 1 }),
};

/** The ways in which a handler gets a stream of its caller. */
const ways: Record<string, { pass(items: Items): unknown; take(given: never): Items | Promise<Items> }> = {
  'an argument': { pass: (items) => items, take: (given: Items) => given },
  'the result of a callback': { pass: (items) => () => items, take: (open: () => Promise<Items>) => open() },
  'the result of an object’s method': {
    pass: (items) => ref({ open: () => items }),
    take: (object: { open(): Promise<Items> }) => object.open(),
  },
  'an item of an argument': {
    pass: (items) =>
      (async function* () {
        yield { items };
        await new Promise(() => {});
      })(),
    async take(bodies: AsyncIterable<{ items: Items }>) {
      const { value } = await bodies[Symbol.asyncIterator]().next();
      return (value as { items: Items }).items;
    },
  },
};

/** True when the sources of all streams have ended, and the ends have arrived. */
async function sourcesHaveEnded(pair: Pair<object>, open: number): Promise<void> {
  await expect.poll(() => pair.hostSession.streamCount).toBe(open);
}

function defer<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}

/** A reader that takes one item, waits for `resume`, and then reads on to the end. */
function pausing(): {
  read(items: Items): Promise<unknown[]>;
  readonly paused: Promise<unknown>;
  readonly outcome: Promise<unknown>;
  resume(): void;
} {
  const { promise: paused, resolve: pause } = defer<unknown>();
  const { promise: resumed, resolve: resume } = defer<void>();
  const { promise: outcome, resolve: ended } = defer<unknown>();
  const read = async (items: Items): Promise<unknown[]> => {
    const seen: unknown[] = [];
    try {
      for await (const item of items) {
        seen.push(item);
        pause(item);
        await resumed;
      }
      ended(seen);
    } catch (error) {
      pause(error);
      ended(error);
    }
    return seen;
  };
  return { read, paused, outcome, resume };
}

describe.each(Object.entries(ways))(
  'if a call is cancelled, the handler that reads %s',
  (way, { pass, take }) => {
    test.each(Object.entries(forms))(
      'gets the AbortError after its source has ended: %s',
      async (_form, make) => {
        const reader = pausing();
        const pair = await rpcPair({
          upload: async (given: unknown) => void (await reader.read(await take(given as never))),
        });
        const controller = new AbortController();
        const call = withCallOptions(pair.remote, { signal: controller.signal }).upload(pass(make()));
        call.catch(() => {});
        await reader.paused;
        await sourcesHaveEnded(pair, way === 'an item of an argument' ? 2 : 1);
        controller.abort(enough);
        await expect(call).rejects.toBe(enough);
        await pair.host.call('no such method', []).catch(() => {});
        reader.resume();
        expect(await reader.outcome).toMatchObject({ name: 'AbortError' });
        await expect.poll(() => pair.plugin.runningCalls).toBe(0);
        await atRest(pair);
      },
    );
  },
);

describe('if a call is cancelled, its caller gets the reason after the source has ended', () => {
  const limits = [
    ['signal', enough],
    ['deadline', expect.objectContaining({ code: 'RPC_DEADLINE' })],
  ] as const;
  const rows = limits.flatMap(([limit, reason]) =>
    Object.entries(forms).map(([form, make]) => ({ limit, reason, form, make })),
  );
  test.each(rows)('$form and a $limit', async ({ limit, reason, make }) => {
    const reader = pausing();
    const pair = await rpcPair({ items: make });
    const controller = new AbortController();
    const { signal } = controller;
    const items = withCallOptions(pair.remote, limit === 'signal' ? { signal } : { deadlineMs: 100 }).items();
    void reader.read(items);
    await reader.paused;
    await sourcesHaveEnded(pair, 1);
    if (limit === 'signal') controller.abort(enough);
    else await new Promise((resolve) => setTimeout(resolve, 150));
    // The deadline counts as passed in the turn after its timer has fired.
    await new Promise((resolve) => setImmediate(resolve));
    reader.resume();
    expect(await reader.outcome).toEqual(reason);
    await atRest(pair);
  });
});

test('if a plugin cancels a call to the host, the function that reads its upload gets the AbortError', async () => {
  const reader = pausing();
  const controller = new AbortController();
  const pair = await rpcPair({
    give: async (take: (items: Items, signal: AbortSignal) => Promise<unknown>) =>
      await take(source([], count), controller.signal).catch((error: unknown) => String(error)),
  });
  const given = pair.remote.give((items) => reader.read(items));
  await reader.paused;
  await sourcesHaveEnded(pair, 1);
  controller.abort(enough);
  expect(await given).toBe('Error: enough');
  reader.resume();
  expect(await reader.outcome).toMatchObject({ name: 'AbortError' });
  await atRest(pair);
});

test('if a call is cancelled, the generator in its result gets the AbortError of the upload that it reads', async () => {
  const reader = pausing();
  const pair = await rpcPair({
    async *copy(items: Items) {
      yield (await reader.read(items)).length;
    },
  });
  const controller = new AbortController();
  const copied = withCallOptions(pair.remote, { signal: controller.signal })
    .copy(source([], count))
    [Symbol.asyncIterator]()
    .next();
  copied.catch(() => {});
  await reader.paused;
  await sourcesHaveEnded(pair, 2);
  controller.abort(enough);
  await expect(copied).rejects.toBe(enough);
  await pair.host.call('no such method', []).catch(() => {});
  reader.resume();
  expect(await reader.outcome).toMatchObject({ name: 'AbortError' });
  await atRest(pair);
});

test('if a call is cancelled, the references in the items that its handler has not read are released', async () => {
  const reader = pausing();
  const pair = await rpcPair({ upload: async (items: Items) => void (await reader.read(items)) });
  const controller = new AbortController();
  const items = (async function* () {
    yield 'first';
    for (let n = 0; n < count; n++) yield { call: () => n, stream: source([]) };
    return { call: () => 'returned' };
  })();
  const call = withCallOptions(pair.remote, { signal: controller.signal }).upload(items);
  call.catch(() => {});
  await reader.paused;
  await sourcesHaveEnded(pair, 1);
  controller.abort(enough);
  await expect(call).rejects.toBe(enough);
  await pair.host.call('no such method', []).catch(() => {});
  reader.resume();
  expect(await reader.outcome).toMatchObject({ name: 'AbortError' });
  await atRest(pair);
});

test('if a reader leaves, the references in the value that the source has returned are released', async () => {
  const pair = await rpcPair({
    async *items() {
      yield 'first';
      return { stream: source([]), call: () => 'returned' };
    },
  });
  const items = pair.remote.items()[Symbol.asyncIterator]();
  await items.next();
  await sourcesHaveEnded(pair, 1);
  expect(await items.return?.()).toEqual({ done: true, value: undefined });
  expect(await items.next()).toEqual({ done: true, value: undefined });
  await atRest(pair);
});

test('a stream whose items were all taken does not keep the signal and the deadline of its call', async () => {
  const pair = await rpcPair({ items: () => source([], 2) });
  const { signal } = new AbortController();
  const items = withCallOptions(pair.remote, { signal }).items()[Symbol.asyncIterator]();
  await items.next();
  await sourcesHaveEnded(pair, 1);
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  await items.next();
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});
