/**
 * Tests that a source is cancelled immediately, with the reason, if the reader of its stream stops while the
 * source waits. The source may be on either side.
 */
import { PassThrough, Readable } from 'node:stream';
import vm from 'node:vm';
import { describe, expect, test } from 'vitest';
import {
  callContext,
  checked,
  createRemote,
  defineContract,
  implement,
  ref,
  withCallOptions,
} from '../support/internals.ts';
import type { StandardSchema } from '../support/internals.ts';
import { rpcPair } from '../support/rpc-pair.ts';
import { atRest } from '../support/streams.ts';

type Stream = AsyncIterable<unknown> | ReadableStream<unknown> | Readable;

interface Idle {
  readonly stream: Stream;
  /** Resolves with the reason with which the source is cancelled. */
  readonly told: Promise<unknown>;
}

/** Sources that give one item, and wait without end for the next. */
const kinds: Record<string, () => Idle> = {
  'a web stream that is being pulled'() {
    const { promise: told, resolve } = deferred();
    const start = (controller: ReadableStreamDefaultController): void => controller.enqueue('first');
    const pull = (): Promise<never> => new Promise(() => {});
    return { stream: new ReadableStream({ start, pull, cancel: resolve }), told };
  },
  'a web stream that pushes'() {
    const { promise: told, resolve } = deferred();
    const start = (controller: ReadableStreamDefaultController): void => controller.enqueue('first');
    return { stream: new ReadableStream({ start, cancel: resolve }), told };
  },
  'a Node stream'() {
    const { promise: told, resolve } = deferred();
    const stream = new PassThrough({ objectMode: true });
    stream.write('first');
    let error: unknown;
    stream.on('error', (failure) => (error = failure));
    stream.on('close', () => resolve(error));
    return { stream, told };
  },
  'an iterator of the user'() {
    const { promise: told, resolve } = deferred();
    let asked = 0;
    const iterator = {
      next: () => (asked++ === 0 ? Promise.resolve({ done: false, value: 'first' }) : new Promise(() => {})),
      return(reason: unknown) {
        resolve(reason);
        return Promise.resolve({ done: true, value: reason });
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return { stream: iterator as AsyncIterable<unknown>, told };
  },
};
const rows = Object.entries(kinds);

function deferred(): { promise: Promise<unknown>; resolve: (value: unknown) => void } {
  let resolve!: (value: unknown) => void;
  const promise = new Promise<unknown>((settle) => (resolve = settle));
  return { promise, resolve };
}

/**
 * Reads the first item and begins to wait for the second. Then ends the stream with `reason`, by the method
 * of this kind of stream. Returns the first item.
 */
async function readOneAndLeave(stream: Stream, reason: Error): Promise<unknown> {
  if ('getReader' in stream) {
    const reader = stream.getReader();
    const first = await reader.read();
    void reader.read();
    await reader.cancel(reason);
    return first.value;
  }
  if ('destroy' in stream) {
    const first = await new Promise((resolve) => stream.once('data', resolve));
    const closed = new Promise((resolve) => stream.once('close', resolve));
    stream.once('error', () => {});
    stream.destroy(reason);
    await closed;
    return first;
  }
  const iterator = stream[Symbol.asyncIterator]();
  const first = await iterator.next();
  void iterator.next();
  await iterator.return?.(reason);
  return first.value;
}

async function readAll(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const item of stream) expect(item).toBe('first');
}

const enough = new Error('enough');

test('if a call is cancelled with an error of another realm, the source of a Node stream gets this error', async () => {
  const reasons: Error[] = [
    vm.runInNewContext("new TypeError('far')"),
    // jsdom simulates DOMException like this.
    vm.runInNewContext(`
      class DOMException extends Error {}
      Object.setPrototypeOf(DOMException.prototype, Object.create(Error.prototype));
      Object.defineProperty(DOMException.prototype, Symbol.toStringTag, { value: 'DOMException' });
      Object.create(DOMException.prototype, { message: { value: 'far' } })`),
  ];
  const pair = await rpcPair({
    async take(stream: Readable, started: () => Promise<void>): Promise<void> {
      for await (const _ of stream) await started();
    },
  });
  for (const reason of reasons) {
    const controller = new AbortController();
    const stream = new PassThrough({ objectMode: true });
    const told = new Promise((resolve) => stream.once('error', resolve));
    stream.write('first');
    const { signal } = controller;
    const call = withCallOptions(pair.remote, { signal }).take(stream, async () => controller.abort(reason));
    await expect(call).rejects.toBe(reason);
    expect(await told).toBe(reason);
  }
});

describe('when a reader leaves, an idle source gets the reason immediately', () => {
  test.each(rows)('%s in a result', async (_kind, make) => {
    const idle = make();
    const pair = await rpcPair({ items: () => idle.stream });
    expect(await readOneAndLeave((await pair.remote.items()) as Stream, enough)).toBe('first');
    expect(await idle.told).toMatchObject({ message: 'enough' });
    await atRest(pair);
  });

  test.each(rows)('%s in an argument', async (_kind, make) => {
    const idle = make();
    const pair = await rpcPair({ take: (stream: Stream) => readOneAndLeave(stream, enough) });
    expect(await pair.remote.take(idle.stream)).toBe('first');
    expect(await idle.told).toMatchObject({ message: 'enough' });
    await atRest(pair);
  });

  test.each(rows)('%s in an argument of a callback', async (_kind, make) => {
    const idle = make();
    const pair = await rpcPair({ give: (take: (stream: Stream) => unknown) => take(idle.stream) });
    expect(await pair.remote.give((stream) => readOneAndLeave(stream, enough))).toBe('first');
    expect(await idle.told).toMatchObject({ message: 'enough' });
    await atRest(pair);
  });

  test.each(rows)('%s in an item', async (_kind, make) => {
    const idle = make();
    const pair = await rpcPair({
      async *items() {
        yield { idle: idle.stream };
      },
    });
    for await (const item of pair.remote.items() as unknown as AsyncIterable<{ idle: Stream }>)
      expect(await readOneAndLeave(item.idle, enough)).toBe('first');
    expect(await idle.told).toMatchObject({ message: 'enough' });
    await atRest(pair);
  });

  test.each(rows)('%s that was never read', async (_kind, make) => {
    const idle = make();
    const pair = await rpcPair({ items: () => idle.stream });
    const stream = (await pair.remote.items()) as Stream;
    if ('getReader' in stream) await stream.cancel(enough);
    else if ('destroy' in stream) stream.once('error', () => {}).destroy(enough);
    else await stream[Symbol.asyncIterator]().return?.(enough);
    expect(await idle.told).toMatchObject({ message: 'enough' });
    await atRest(pair);
  });
});

test.each(rows)('when a reader leaves a loop early, the source is cancelled: %s', async (kind, make) => {
  const idle = make();
  const pair = await rpcPair({ items: () => idle.stream });
  for await (const item of (await pair.remote.items()) as AsyncIterable<unknown>) {
    expect(item).toBe('first');
    break;
  }
  // If a reader leaves a loop over a Node stream early, Node destroys the stream with an AbortError.
  if (kind === 'a Node stream') expect(await idle.told).toMatchObject({ name: 'AbortError' });
  else expect(await idle.told).toBeUndefined();
  await atRest(pair);
});

test('a reason that cannot be sent arrives as its text', async () => {
  const idle = kinds['a web stream that pushes']!();
  const pair = await rpcPair({ items: () => idle.stream as ReadableStream<unknown> });
  await (await pair.remote.items()).cancel(Symbol('why'));
  expect(await idle.told).toBe('Symbol(why)');
  await atRest(pair);
});

test('when the reader of a generator leaves, the generator ends, and the stream that the generator reads ends too', async () => {
  const idle = kinds['a web stream that is being pulled']!();
  let ended = false;
  const pair = await rpcPair({
    async *copy(stream: AsyncIterable<unknown>) {
      try {
        for await (const item of stream) yield item;
      } finally {
        ended = true;
      }
    },
  });
  const items = pair.remote.copy(idle.stream as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  expect(await items.next()).toEqual({ done: false, value: 'first' });
  await items.return?.();
  expect(await idle.told).toMatchObject({ name: 'AbortError' });
  expect(ended).toBe(true);
  await atRest(pair);
});

describe('a stream in the arguments of a call', () => {
  const reader = (): {
    served: { upload(stream: AsyncIterable<unknown>): Promise<void> };
    ended: Promise<unknown>;
  } => {
    const { promise: ended, resolve } = deferred();
    return {
      served: {
        async upload(stream) {
          await readAll(stream).catch((error: unknown) => {
            resolve(error);
            throw error;
          });
        },
      },
      ended,
    };
  };

  test.each(rows)('ends on both sides at the call’s deadline: %s', async (_kind, make) => {
    const idle = make();
    const { served, ended } = reader();
    const pair = await rpcPair(served);
    const call = withCallOptions(pair.remote, { deadlineMs: 50 }).upload(
      idle.stream as AsyncIterable<unknown>,
    );
    await expect(call).rejects.toMatchObject({ code: 'RPC_DEADLINE' });
    expect(await idle.told).toMatchObject({ code: 'RPC_DEADLINE' });
    expect(await ended).toBeInstanceOf(Error);
    await expect.poll(() => pair.plugin.runningCalls).toBe(0);
    await atRest(pair);
  });

  test.each(rows)('ends on both sides when the call’s signal aborts: %s', async (_kind, make) => {
    const idle = make();
    const { served, ended } = reader();
    const pair = await rpcPair(served);
    const controller = new AbortController();
    const { signal } = controller;
    const call = withCallOptions(pair.remote, { signal }).upload(idle.stream as AsyncIterable<unknown>);
    await expect.poll(() => pair.plugin.references).toBe(1);
    controller.abort(enough);
    await expect(call).rejects.toBe(enough);
    expect(await idle.told).toBe(enough);
    expect(await ended).toMatchObject({ name: 'AbortError' });
    await atRest(pair);
  });

  test('ends at the deadline even if the handler has not begun to read the stream', async () => {
    const idle = kinds['a Node stream']!();
    const { promise: read, resolve } = deferred();
    const pair = await rpcPair({
      async upload(stream: AsyncIterable<unknown>) {
        const { signal } = callContext();
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        await readAll(stream).catch(resolve);
      },
    });
    const call = withCallOptions(pair.remote, { deadlineMs: 50 }).upload(
      idle.stream as AsyncIterable<unknown>,
    );
    await expect(call).rejects.toMatchObject({ code: 'RPC_DEADLINE' });
    expect(await idle.told).toMatchObject({ code: 'RPC_DEADLINE' });
    expect(await read).toMatchObject({ name: 'AbortError' });
    await atRest(pair);
  });

  test('can be sent after 600 calls, each with a stream, have missed their deadline', async () => {
    const pair = await rpcPair({
      async upload(stream: AsyncIterable<unknown>) {
        // The stream is dialled when it is first read, so this handler dials only after the wait. Some of the
        // calls have timed out by then.
        await new Promise((resolve) => setTimeout(resolve, 20));
        await readAll(stream);
      },
    });
    const hurried = withCallOptions(pair.remote, { deadlineMs: 10 });
    const calls = Array.from({ length: 600 }, () =>
      hurried.upload(kinds['a web stream that pushes']!().stream as AsyncIterable<unknown>),
    );
    const outcomes = await Promise.allSettled(calls);
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['rejected']));
    await expect.poll(() => pair.plugin.runningCalls).toBe(0);
    await atRest(pair);
    await pair.remote.upload(
      (async function* () {
        yield 'first';
      })(),
    );
  });
});

describe('when the other side is gone, an idle source gets an error', () => {
  test.each(rows)('%s that was given to a call', async (_kind, make) => {
    const idle = make();
    const pair = await rpcPair({ upload: (stream: AsyncIterable<unknown>) => readAll(stream) });
    const call = pair.remote.upload(idle.stream as AsyncIterable<unknown>);
    await expect.poll(() => pair.hostSession.streamCount).toBe(2);
    pair.cut();
    await expect(call).rejects.toMatchObject({ code: 'RPC_CLOSED' });
    expect(await idle.told).toMatchObject({ code: 'RPC_CLOSED' });
  });

  test('the error has the process’s exit as its cause', async () => {
    const exit = new Error('the plugin was killed by SIGSEGV');
    const idle = kinds['a web stream that pushes']!();
    const pair = await rpcPair(
      { upload: (stream: AsyncIterable<unknown>) => readAll(stream) },
      { host: { explainLoss: async () => exit } },
    );
    const call = pair.remote.upload(idle.stream as AsyncIterable<unknown>);
    await expect.poll(() => pair.hostSession.streamCount).toBe(2);
    pair.cut();
    await expect(call).rejects.toMatchObject({ cause: exit });
    expect(await idle.told).toMatchObject({ code: 'RPC_CLOSED', cause: exit });
  });

  test.each(rows)('%s that was given in a result', async (_kind, make) => {
    const idle = make();
    const pair = await rpcPair({ items: () => idle.stream });
    const stream = (await pair.remote.items()) as AsyncIterable<unknown>;
    const read = readAll(stream);
    await expect.poll(() => pair.hostSession.streamCount).toBe(2);
    pair.host.close();
    await expect(read).rejects.toMatchObject({ code: 'RPC_CLOSED' });
    expect(await idle.told).toBeInstanceOf(Error);
  });
});

describe('a cancelled call also ends', () => {
  type Body = { body: AsyncIterable<unknown> };
  /** Gives one item, and waits for the signal before it ends. */
  async function* oneItem(stream: Stream): AsyncGenerator<Body> {
    yield { body: stream as AsyncIterable<unknown> };
    await new Promise(() => {});
  }
  const readBodies = async (items: AsyncIterable<Body>): Promise<void> => {
    for await (const { body } of items) await readAll(body);
  };
  const deadline = { deadlineMs: 100 };
  const late = { code: 'RPC_DEADLINE' };

  test('the streams in the items of its arguments', async () => {
    const idle = kinds['a web stream that pushes']!();
    const { promise: ended, resolve } = deferred();
    const pair = await rpcPair({
      upload: (items: AsyncIterable<Body>) => readBodies(items).catch(resolve),
    });
    const call = withCallOptions(pair.remote, deadline).upload(oneItem(idle.stream));
    await expect(call).rejects.toMatchObject(late);
    expect(await idle.told).toMatchObject(late);
    expect(await ended).toBeInstanceOf(Error);
    await atRest(pair);
  });

  test('the streams in the items of its result', async () => {
    const idle = kinds['a web stream that pushes']!();
    const pair = await rpcPair({ items: () => oneItem(idle.stream) });
    await expect(readBodies(withCallOptions(pair.remote, deadline).items())).rejects.toMatchObject(late);
    expect(await idle.told).toMatchObject({ name: 'AbortError' });
  });

  test('the streams in the items of its result after that result has ended', async () => {
    const idle = kinds['a web stream that pushes']!();
    const pair = await rpcPair({
      async *items() {
        yield { body: idle.stream as AsyncIterable<unknown> };
      },
    });
    const controller = new AbortController();
    const items = withCallOptions(pair.remote, { signal: controller.signal }).items();
    let body: AsyncIterable<unknown> | undefined;
    for await (const item of items) body = item.body;
    const read = readAll(body!);
    controller.abort(enough);
    await expect(read).rejects.toBe(enough);
    expect(await idle.told).toMatchObject({ name: 'AbortError' });
    await atRest(pair);
  });

  const opened: Record<string, (open: () => Stream) => unknown> = {
    'a callback': (open) => open,
    'a method of an object in its arguments': (open) => ref({ open }),
  };
  test.each(Object.entries(opened))('the stream that %s returned to its handler', async (_what, pass) => {
    const idle = kinds['a web stream that pushes']!();
    const { promise: ended, resolve } = deferred();
    const pair = await rpcPair({
      async upload(given: (() => unknown) & { open?: () => unknown }) {
        const stream = await (typeof given === 'function' ? given() : (given as { open(): unknown }).open());
        await readAll(stream as AsyncIterable<unknown>).catch(resolve);
      },
    });
    const call = withCallOptions(pair.remote, deadline).upload(pass(() => idle.stream) as never);
    await expect(call).rejects.toMatchObject(late);
    expect(await idle.told).toMatchObject({ name: 'AbortError' });
    expect(await ended).toBeInstanceOf(Error);
    await atRest(pair);
  });

  test('the streams in the items of its arguments when the plugin calls the host', async () => {
    const idle = kinds['a web stream that pushes']!();
    const { promise: ended, resolve } = deferred();
    const pair = await rpcPair({
      give: async (take: (items: AsyncIterable<Body>, signal: AbortSignal) => Promise<void>) =>
        await take(oneItem(idle.stream), AbortSignal.timeout(100)),
    });
    const given = pair.remote.give((items) => readBodies(items).catch(resolve));
    await expect(given).rejects.toThrow();
    expect(await idle.told).toMatchObject({ name: 'TimeoutError' });
    expect(await ended).toBeInstanceOf(Error);
  });
});

describe('the references in items that the reader has not read are released', () => {
  const made: Idle[] = [];
  const streamsOfStreams = {
    async *items() {
      made.length = 0;
      for (;;) {
        const idle = kinds['a web stream that pushes']!();
        made.push(idle);
        yield {
          stream: idle.stream,
          call: () => made.length,
          list: [new Map([['signal', new AbortController().signal]])],
        };
      }
    },
  };

  test('when the reader leaves', async () => {
    const pair = await rpcPair(streamsOfStreams, { pluginLimits: { maxReferences: 3_000 } });
    const items = pair.remote.items()[Symbol.asyncIterator]();
    const { value } = (await items.next()) as {
      value: { stream: ReadableStream<unknown>; call: Disposable; list: unknown };
    };
    await items.return?.();
    await value.stream.cancel(enough);
    value.call[Symbol.dispose]();
    // The test does not give back the signal in the first item, so one reference is left.
    await expect.poll(() => [pair.host.references, pair.plugin.references]).toEqual([1, 1]);
    const reasons = await Promise.all(made.map(({ told }) => told));
    expect(reasons[0]).toMatchObject({ message: 'enough' });
  });

  test('when the caller aborts the call', async () => {
    const pair = await rpcPair(streamsOfStreams, { pluginLimits: { maxReferences: 3_000 } });
    const controller = new AbortController();
    const items = withCallOptions(pair.remote, { signal: controller.signal }).items()[Symbol.asyncIterator]();
    await items.next();
    const waiting = (async () => {
      for (;;) await items.next();
    })();
    controller.abort(enough);
    await expect(waiting).rejects.toBe(enough);
    await expect.poll(() => pair.hostSession.streamCount).toBe(1);
  });
});

describe('next() refuses an argument, because the source may be some items ahead of the reader', () => {
  async function* chat(): AsyncGenerator<string> {
    yield* ['one', 'two'];
  }
  const any: StandardSchema<string> = {
    '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value: String(value) }) },
  };
  const contract = defineContract({ chat: { items: any } });
  const connect = () =>
    rpcPair({
      chat,
      web: () => ReadableStream.from(chat()),
      node: () => Readable.from(chat()),
      list: () => ['one', 'two'],
    });
  type Chats = Awaited<ReturnType<typeof connect>>['remote'];

  test.each<[string, (remote: Chats) => unknown]>([
    ['a generator', (remote) => remote.chat()],
    ['a generator in a call that is not awaited', (remote) => ({ call: remote.chat() })],
    ['a checked generator', (remote) => checked(contract, remote).chat()],
    [
      'a checked generator in a call that is not awaited',
      (remote) => ({ call: checked(contract, remote).chat() }),
    ],
    ['a web stream in a call that is not awaited', (remote) => ({ call: remote.web() })],
    ['a Node stream in a call that is not awaited', (remote) => ({ call: remote.node() })],
    ['a list in a call that is not awaited', (remote) => ({ call: remote.list() })],
  ])('%s', async (_, open) => {
    const pair = await connect();
    const opened = (await open(pair.remote)) as AsyncIterable<string> & { call?: AsyncIterable<string> };
    const items: AsyncIterator<string, unknown, unknown> = (opened.call ?? opened)[Symbol.asyncIterator]();
    await expect(items.next('early')).rejects.toMatchObject({ code: 'MISUSE' });
    expect(await items.next()).toEqual({ done: false, value: 'one' });
    await expect(items.next('hi')).rejects.toMatchObject({ code: 'MISUSE' });
    expect(await items.next()).toEqual({ done: false, value: 'two' });
    await items.return?.();
    await atRest(pair);
  });

  test('but a generator of a createRemote() takes the argument', async () => {
    const remote = createRemote<{ chat(): AsyncIterable<string> }>(async () =>
      (async function* (): AsyncGenerator<string, void, string> {
        yield `you said ${yield 'hello'}`;
      })(),
    );
    const items: AsyncIterator<string, unknown, unknown> = remote.chat()[Symbol.asyncIterator]();
    await items.next();
    expect(await items.next('hi')).toEqual({ done: false, value: 'you said hi' });
  });
});

describe('when a reader leaves, an idle source under a contract gets the reason immediately', () => {
  const text: StandardSchema<string> = {
    '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value: String(value) }) },
  };
  const contract = defineContract({ items: { items: text } });

  test.each(rows)('%s of a handler', async (_kind, make) => {
    const idle = make();
    const pair = await rpcPair(implement(contract, { items: () => idle.stream as AsyncIterable<string> }));
    expect(await readOneAndLeave(pair.remote.items(), enough)).toBe('first');
    await idle.told;
    await atRest(pair);
  });

  test.each(rows)('%s of a checked remote', async (_kind, make) => {
    const idle = make();
    const pair = await rpcPair({ items: () => idle.stream });
    const store = checked(contract, pair.remote);
    expect(await readOneAndLeave(store.items(), enough)).toBe('first');
    await idle.told;
    await atRest(pair);
  });
});

test('return() does not wait for the answer of the call, and ends the stream that comes in the answer', async () => {
  const idle = rows[1]![1]();
  let answer = (): void => {};
  const pair = await rpcPair({
    items: () => new Promise<Stream>((resolve) => (answer = () => resolve(idle.stream))),
  });
  const items = (pair.remote.items() as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  const first = items.next();
  expect(await items.return?.()).toEqual({ done: true, value: undefined });
  await expect.poll(() => pair.plugin.runningCalls).toBe(1);
  answer();
  expect(await first).toEqual({ done: true, value: undefined });
  await idle.told;
  await atRest(pair);
});
