import { AsyncLocalStorage } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import { expect, onTestFinished, test } from 'vitest';
import { callContext, type CallTrace, ref, type StreamTrace } from '../support/internals.ts';
import { rpcPair } from '../support/rpc-pair.ts';

function listen(name: string, listener: (trace: unknown) => void): void {
  const on = channel(name);
  on.subscribe(listener);
  onTestFinished(() => void on.unsubscribe(listener));
}

test('a call is traced on both sides, and is sent with the metadata that a subscriber has set', async () => {
  const events: string[] = [];
  listen('tracing:pipework:call:start', (trace) => {
    (trace as CallTrace).metadata['traceparent'] = '00-1';
    events.push(`start ${(trace as CallTrace).method}`);
  });
  listen('tracing:pipework:call:asyncEnd', (trace) =>
    events.push(`end ${String((trace as CallTrace).result)}`),
  );
  listen('tracing:pipework:handler:start', (trace) =>
    events.push(`handler ${(trace as CallTrace).metadata['traceparent'] ?? ''}`),
  );
  const { remote } = await rpcPair({ meta: () => callContext().metadata['traceparent'] });
  events.length = 0;
  expect(await remote.meta()).toBe('00-1');
  expect(events).toEqual(['start Plugin.meta', 'handler 00-1', 'end 00-1']);
});

test('a failed call publishes its error', async () => {
  const errors: unknown[] = [];
  const { remote } = await rpcPair({
    fail() {
      throw new Error('no');
    },
  });
  listen('tracing:pipework:call:error', (trace) => errors.push((trace as CallTrace).error));
  await expect(remote.fail()).rejects.toThrow('no');
  expect(errors).toEqual([expect.objectContaining({ message: 'no' })]);
});

test('the trace of a stream has the number of its items', async () => {
  const ends: string[] = [];
  listen('tracing:pipework:stream:asyncEnd', (trace) => {
    const { direction, items } = trace as StreamTrace;
    ends.push(`${direction} ${items}`);
  });
  const { remote } = await rpcPair({
    async *items() {
      yield* [1, 2, 3];
    },
  });
  for await (const item of remote.items()) expect(item).toBeGreaterThan(0);
  expect(ends.toSorted()).toEqual(['given 3', 'taken 3']);
});

test('calls of functions and of marked objects pass interceptors, and are traced like any other call', async () => {
  const events: string[] = [];
  for (const [name, word] of [
    ['call', 'calls'],
    ['handler', 'answers'],
  ] as const) {
    listen(`tracing:pipework:${name}:start`, (trace) => {
      const { method, params } = trace as CallTrace;
      if (method.startsWith('$/')) events.push(`${word} ${method}(${params.join()})`);
    });
  }
  const { remote } = await rpcPair(
    {
      open: () => ref({ add: (a: number, b: number) => [a + b, callContext().metadata['tag']] }),
      each: async (visit: (item: number) => unknown) => visit(1),
    },
    {
      host: {
        callInterceptors: [
          (call, next) => {
            if (call.method === '$/call.add') call.params[0] = 10;
            call.metadata['tag'] = 'x';
            return next();
          },
        ],
      },
      plugin: {
        handlerInterceptors: [
          async (call, next) => {
            if (call.method === '$/call.add') call.params[1] = 20;
            const result = await next();
            events.push(`${call.method} gave ${JSON.stringify(result)}`);
            return result;
          },
        ],
      },
    },
  );
  events.length = 0;
  const adder = (await remote.open()) as unknown as { add(a: number, b: number): Promise<unknown> };
  events.length = 0;
  expect(await adder.add(1, 2)).toEqual([30, 'x']);
  expect(events).toEqual(['calls $/call.add(1,2)', 'answers $/call.add(10,2)', '$/call.add gave [30,"x"]']);
  events.length = 0;
  expect(await remote.each(async (item) => item + 1)).toBe(2);
  expect(events).toEqual(['calls $/call(1)', 'answers $/call(1)', 'Plugin.each gave 2']);
});

test('interceptors run around calls on both sides, the outermost first', async () => {
  const events: string[] = [];
  const { remote } = await rpcPair(
    { add: (a: number, b: number) => a + b },
    {
      host: {
        callInterceptors: [
          async (call, next) => {
            if (call.method === 'Plugin.add') call.params[0] = 10;
            call.metadata['tag'] = 'x';
            const result = await next();
            events.push(`caller saw ${String(result)}`);
            return result;
          },
        ],
      },
      plugin: {
        handlerInterceptors: [
          (call, next) => {
            events.push(`outer ${call.context.metadata['tag'] ?? ''}`);
            return next();
          },
          async (_call, next) => ((await next()) as number) * 2,
        ],
      },
    },
  );
  events.length = 0;
  expect(await remote.add(1, 2)).toBe(24);
  expect(events).toEqual(['outer x', 'caller saw 24']);
});

test('a store bound to the channels is active in the handler, in the source of its stream, and in the source of a stream that the call passes', async () => {
  const store = new AsyncLocalStorage<string>();
  for (const name of ['call', 'handler']) {
    const start = channel(`tracing:pipework:${name}:start`);
    start.bindStore(store, (trace) => `${name} ${(trace as CallTrace).method}`);
    onTestFinished(() => void start.unbindStore(store));
  }
  const streams: (string | undefined)[] = [];
  listen('tracing:pipework:stream:start', (trace) => {
    if ((trace as StreamTrace).direction === 'given') streams.push(store.getStore());
  });
  const { remote } = await rpcPair({
    async where() {
      await new Promise(setImmediate);
      return store.getStore();
    },
    async *items() {
      yield store.getStore();
      await new Promise(setImmediate);
      yield store.getStore();
    },
    async take(items: AsyncIterable<unknown>) {
      const all: unknown[] = [];
      for await (const item of items) all.push(item);
      return all;
    },
  });
  async function* given(): AsyncGenerator<string | undefined> {
    yield store.getStore();
  }
  expect(await remote.where()).toBe('handler Plugin.where');
  const items: unknown[] = [];
  for await (const item of remote.items()) items.push(item);
  expect(items).toEqual(['handler Plugin.items', 'handler Plugin.items']);
  expect(await remote.take(given())).toEqual(['call Plugin.take']);
  expect(streams).toEqual(['handler Plugin.items', 'call Plugin.take']);
});
