/**
 * Tests the end of a stream: the calls that its source gets, the results of next() after the end, and the
 * locks and listeners that must be gone.
 */
import { PassThrough, Readable } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import { rpcPair } from '../support/rpc-pair.ts';
import { atRest, collect } from '../support/streams.ts';

/** Returns an iterator that gives `item` without end, and `returned`, a mock that its return() calls. */
function endless(item: unknown) {
  const returned = vi.fn();
  const iterator = {
    next: async () => ({ done: false, value: item }),
    async return(reason: unknown) {
      returned(reason);
      return { done: true, value: reason };
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return { iterator: iterator as unknown as AsyncGenerator<unknown>, returned };
}

describe('after the end of a stream,', () => {
  async function* items(): AsyncGenerator<number, string> {
    for (let n = 0; ; n++) yield n;
  }
  const end = { done: true, value: undefined };

  test('next() gives no more items if the consumer called return()', async () => {
    const pair = await rpcPair({ items });
    const stream = await pair.remote.items();
    await stream.next();
    expect(await stream.return('bye')).toEqual({ done: true, value: 'bye' });
    expect(await stream.next()).toEqual(end);
    await atRest(pair);
  });

  test('next() gives no more items if the stream failed with an error that the consumer threw', async () => {
    const pair = await rpcPair({ items });
    const stream = await pair.remote.items();
    await stream.next();
    await expect(stream.throw(new Error('thrown in'))).rejects.toThrow('thrown in');
    expect(await stream.next()).toEqual(end);
    await atRest(pair);
  });
});

describe('the return() of a source is called', () => {
  test('when an item of the source cannot be sent', async () => {
    const { iterator, returned } = endless(Symbol('s'));
    const pair = await rpcPair({ items: () => iterator });
    await expect(collect(pair.remote.items())).rejects.toThrow('item is a symbol');
    expect(returned).toHaveBeenCalledOnce();
    await atRest(pair);
  });

  test('when the consumer throws an error and the source has no throw()', async () => {
    const { iterator, returned } = endless(1);
    const pair = await rpcPair({ items: () => iterator });
    const stream = await pair.remote.items();
    await stream.next();
    await expect(stream.throw(new RangeError('thrown in'))).rejects.toThrow('thrown in');
    expect(returned).toHaveBeenCalledOnce();
    expect(returned.mock.calls[0]?.[0]).toBeInstanceOf(RangeError);
    await atRest(pair);
  });

  test('when the consumer throws an error, and the source then yields an item that cannot be sent', async () => {
    const left = vi.fn();
    const pair = await rpcPair({
      async *items(): AsyncGenerator<unknown> {
        try {
          for (;;) yield 1;
        } catch {
          try {
            yield Symbol('s');
          } finally {
            left();
          }
        }
      },
    });
    const stream = await pair.remote.items();
    await stream.next();
    await expect(stream.throw(new Error('thrown in'))).rejects.toThrow('item is a symbol');
    await expect.poll(() => left).toHaveBeenCalledOnce();
    await atRest(pair);
  });

  test('when the caller aborts the call that has the source as an argument', async () => {
    const { iterator, returned } = endless(1);
    const reading = vi.fn();
    const pair = await rpcPair({
      async read(stream: AsyncIterable<unknown>, _options: { signal: AbortSignal }) {
        for await (const item of stream) reading(item);
      },
    });
    const controller = new AbortController();
    const call = pair.remote.read(iterator, { signal: controller.signal });
    await expect.poll(() => reading).toHaveBeenCalled();
    controller.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
    expect(returned).toHaveBeenCalledOnce();
    await atRest(pair);
  });
});

describe('a stream in the arguments of a call', () => {
  const handlers = {
    read: async (stream: AsyncIterable<unknown>) => (await collect(stream)).length,
    readWeb: async (stream: ReadableStream<unknown>) => (await collect(stream)).length,
    ignore: (_stream: unknown) => 'ignored',
  };

  test('is not locked after its end if it is a web stream', async () => {
    const pair = await rpcPair(handlers);
    const stream = ReadableStream.from([1, 2]);
    expect(await pair.remote.readWeb(stream)).toBe(2);
    expect(stream.locked).toBe(false);
  });

  test('has no listener of pipework after its end if it is a Node stream', async () => {
    const pair = await rpcPair(handlers);
    const [stream, other] = [Readable.from([1, 2]), Readable.from([1, 2])];
    expect(await pair.remote.read(stream)).toBe(2);
    // Node itself leaves a listener on an iterated stream, so the expected count is that of `other`, which is
    // iterated without a call.
    await collect(other);
    expect(stream.listenerCount('error')).toBe(other.listenerCount('error'));
  });

  test('has no listener of pipework after the call if the handler did not read it', async () => {
    const pair = await rpcPair(handlers);
    const stream = new PassThrough();
    const before = stream.listenerCount('error');
    expect(await pair.remote.ignore(stream)).toBe('ignored');
    expect(stream.listenerCount('error')).toBe(before);
  });
});
