import { describe, expect, test } from 'vitest';
import { rpcPair } from '../support/rpc-pair.ts';
import { atRest, collect, source } from '../support/streams.ts';

describe('a stream as a result', () => {
  test('gives its items in order, and then its return value', async () => {
    const pair = await rpcPair({ items: () => source([], 1000) });
    const iterator = (await pair.remote.items())[Symbol.asyncIterator]();
    const seen: unknown[] = [];
    let step = await iterator.next();
    for (; step.done !== true; step = await iterator.next()) seen.push(step.value);
    expect(seen).toEqual(Array.from({ length: 1000 }, (_, index) => index));
    expect(step.value).toBe('end');
    await atRest(pair);
  });

  test('does not begin before the caller iterates it, and never runs if the caller does not iterate it', async () => {
    const log: unknown[] = [];
    const pair = await rpcPair({ items: () => source(log) });
    const stream = await pair.remote.items();
    expect(log).toEqual([]);
    await stream[Symbol.asyncDispose]();
    await atRest(pair);
    expect(log).toEqual([]);
  });

  test('runs its finally block if the caller breaks early', async () => {
    const log: unknown[] = [];
    const pair = await rpcPair({ items: () => source(log) });
    for await (const n of pair.remote.items()) if (n === 3) break;
    expect(log.at(-1)).toBe('closed');
    await atRest(pair);
  });

  test('carries an error from the middle of its source, after the items before the error', async () => {
    const pair = await rpcPair({
      async *items() {
        yield 1;
        yield 2;
        throw new RangeError('no three');
      },
    });
    const seen: number[] = [];
    const failure = (async () => {
      for await (const n of pair.remote.items()) seen.push(n);
    })();
    await expect(failure).rejects.toThrow(RangeError);
    expect(seen).toEqual([1, 2]);
    await atRest(pair);
  });

  test('carries throw() to the source, and the source’s answer back', async () => {
    const pair = await rpcPair({
      async *items() {
        for (;;) {
          try {
            yield 'item';
          } catch (error) {
            yield `caught ${(error as Error).message}`;
          }
        }
      },
    });
    const stream = await pair.remote.items();
    expect(await stream.next()).toEqual({ done: false, value: 'item' });
    expect(await stream.throw(new Error('ball'))).toEqual({ done: false, value: 'caught ball' });
    await stream[Symbol.asyncDispose]();
    await atRest(pair);
  });

  test('waits for a slow consumer: its source runs no further ahead than the window', async () => {
    const log: unknown[] = [];
    const pair = await rpcPair({
      async *items() {
        for (let n = 0; n < 1000; n++) {
          log.push(n);
          yield new Uint8Array(10_000).fill(n);
        }
      },
    });
    const stream = await pair.remote.items();
    await stream.next();
    let before = -1;
    while (before !== log.length) {
      before = log.length;
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(log.length).toBeLessThan(200);
    let count = 1;
    while ((await stream.next()).done !== true) count++;
    expect(count).toBe(1000);
    await atRest(pair);
  });

  test('carries items larger than the window', async () => {
    const pair = await rpcPair({
      async *items() {
        for (let n = 0; n < 3; n++) yield { n, bytes: new Uint8Array(1_000_000).fill(n) };
      },
    });
    const items = await collect(pair.remote.items());
    expect(items.map(({ n, bytes }) => [n, bytes.length, bytes[999_999]])).toEqual([
      [0, 1_000_000, 0],
      [1, 1_000_000, 1],
      [2, 1_000_000, 2],
    ]);
    await atRest(pair);
  });

  test('can come from a synchronous generator', async () => {
    const pair = await rpcPair({
      *items() {
        yield* [1, 2, 3];
      },
    });
    expect(await collect(pair.remote.items() as unknown as AsyncIterable<number>)).toEqual([1, 2, 3]);
    await atRest(pair);
  });

  test('runs at the same time as many other streams and calls', async () => {
    const pair = await rpcPair({ items: (count: number) => source([], count), ping: () => 'pong' });
    const streams = Array.from({ length: 50 }, (_, index) => collect(pair.remote.items(index * 10)));
    expect(await pair.remote.ping()).toBe('pong');
    expect((await Promise.all(streams)).map((items) => items.length)).toEqual(
      streams.map((_, index) => index * 10),
    );
    await atRest(pair);
  });

  test('ends immediately on both sides if the call’s signal aborts, even after the answer', async () => {
    let ended: unknown;
    const pair = await rpcPair({
      async *items({ signal }: { signal: AbortSignal }) {
        try {
          yield 1;
          await new Promise((_, reject) =>
            signal.addEventListener('abort', () => reject(signal.reason as Error)),
          );
        } finally {
          ended = signal.aborted;
        }
      },
    });
    const controller = new AbortController();
    const stream = pair.remote.items({ signal: controller.signal })[Symbol.asyncIterator]();
    expect(await stream.next()).toEqual({ done: false, value: 1 });
    const waiting = stream.next();
    controller.abort(new Error('mine'));
    await expect(waiting).rejects.toThrow('mine');
    await atRest(pair);
    expect(ended).toBe(true);
  });

  test('keeps the callbacks of its call alive until its end', async () => {
    const pair = await rpcPair({
      async *items(map: (n: number) => Promise<number>) {
        for (let n = 0; n < 5; n++) yield await map(n);
      },
    });
    expect(await collect(pair.remote.items(async (n) => n * n))).toEqual([0, 1, 4, 9, 16]);
    await atRest(pair);
  });

  test('whose call fails makes only the iteration fail, if the caller iterates it without awaiting the call', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    const pair = await rpcPair({
      items(): AsyncIterable<number> {
        throw new Error('no stream');
      },
    });
    await expect(collect(pair.remote.items())).rejects.toThrow('no stream');
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  test('rejects when the peer is gone', async () => {
    const pair = await rpcPair({ items: () => source([]) });
    const stream = await pair.remote.items();
    await stream.next();
    pair.cut();
    await expect(
      (async () => {
        for (;;) if ((await stream.next()).done === true) throw new Error('it ended as if all were well');
      })(),
    ).rejects.toMatchObject({ code: 'RPC_CLOSED' });
  });

  test('ends its source when the peer is gone', async () => {
    const log: unknown[] = [];
    const pair = await rpcPair({ items: () => source(log) });
    const stream = await pair.remote.items();
    await stream.next();
    pair.cut();
    await pair.plugin.closed;
    await new Promise((resolve) => setImmediate(resolve));
    expect(log.at(-1)).toBe('closed');
  });

  test('answers every return() and throw(), even while another answer is pending', async () => {
    const pair = await rpcPair({ items: () => source([]) });
    const stopped = await pair.remote.items();
    await stopped.next();
    const returns = [stopped.return(1 as never), stopped.return(2 as never)];
    expect(await Promise.all(returns)).toEqual([
      { done: true, value: 1 },
      { done: true, value: 2 },
    ]);
    const failed = await pair.remote.items();
    await failed.next();
    const outcomes = await Promise.allSettled([failed.throw(new Error('enough')), failed.return(1 as never)]);
    expect(outcomes).toMatchObject([
      { status: 'rejected', reason: { message: 'enough' } },
      { status: 'fulfilled', value: { done: true, value: 1 } },
    ]);
    await atRest(pair);
  });
});

test('a plain object that is an async iterable is sent as a stream, not as an empty object', async () => {
  const pair = await rpcPair({
    items: () => ({
      async *[Symbol.asyncIterator]() {
        yield 1;
      },
    }),
  });
  expect(await collect(pair.remote.items() as AsyncIterable<number>)).toEqual([1]);
  await atRest(pair);
});

test('a web stream that a call returns is cancelled with the reason that its reader passes to cancel()', async () => {
  let cancelled: unknown;
  const pair = await rpcPair({
    bytes: () =>
      new ReadableStream<Uint8Array>({
        pull: (controller) => controller.enqueue(new Uint8Array(10)),
        cancel: (reason) => {
          cancelled = reason ?? 'no reason';
        },
      }),
  });
  const reader = (await pair.remote.bytes()).getReader();
  expect((await reader.read()).value).toHaveLength(10);
  await reader.cancel();
  await atRest(pair);
  expect(cancelled).toBeDefined();
});
