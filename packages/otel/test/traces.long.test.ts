import { trace } from '@opentelemetry/api';
import { withCallOptions, type Remote } from '@pipework/core';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { instrument } from '../src/index.ts';
import { startSdk, type Sdk, type ToldSpan } from './support/telemetry.mjs';
import {
  makeClient,
  only,
  startWork,
  unwatched,
  workClient,
  type Work,
  type WorkClient,
} from './support/work.ts';

let sdk: Sdk;
let client: WorkClient;
let work: Remote<Work>;

// The tests that do not end their plugin share one plugin, because loading the SDK takes longer than all
// calls of the tests together.
beforeAll(async () => {
  sdk = startSdk();
  client = makeClient();
  work = await (await client.client()).dispense('work');
});

afterAll(async () => {
  await client.kill();
  await sdk.stop();
});

beforeEach(async () => {
  await work.forget();
  sdk.reset();
  const instrumentation = instrument({ ignore: ({ method }) => unwatched.has(method) });
  onTestFinished(() => instrumentation.disable());
});

/**
 * Runs `act` within a new span named `test`. Returns the result, and the ids of the trace and of the span.
 */
async function within<T>(act: () => Promise<T>): Promise<{ result: T; traceId: string; spanId: string }> {
  return await trace.getTracer('test').startActiveSpan('test', async (span) => {
    try {
      return { result: await act(), ...span.spanContext() };
    } finally {
      span.end();
    }
  });
}

/**
 * Waits until each of `names` has a span that has ended. A span may end shortly after the answer of its call
 * has arrived. Returns all spans of both processes.
 */
async function told(work: { spans(): Promise<ToldSpan[]> }, names: readonly string[]): Promise<ToldSpan[]> {
  let spans: ToldSpan[] = [];
  await expect
    .poll(async () => {
      spans = [...sdk.spans(), ...(await work.spans())];
      return names.filter((name) => !spans.some((span) => span.name === name));
    })
    .toEqual([]);
  return spans;
}

describe('a call', () => {
  test('has a span on each side, and the caller’s span is the parent of the handler’s', async () => {
    const { traceId, spanId } = await within(() => work.greet('world'));
    const spans = await told(work, ['work/greet']);
    const made = only(spans, 'work/greet', 'client');
    const answered = only(spans, 'work/greet', 'server');
    expect(made).toMatchObject({ traceId, parent: spanId, status: 'unset', process: process.pid });
    expect(answered).toMatchObject({ traceId, parent: made.spanId, status: 'unset', process: client.pid });
    expect(made.attributes).toEqual({
      'rpc.system.name': 'pipework',
      'rpc.method': 'work/greet',
      'network.transport': 'pipe',
      'pipework.plugin': 'worker',
    });
    expect(answered.attributes).toEqual({
      'rpc.system.name': 'pipework',
      'rpc.method': 'work/greet',
      'network.transport': 'pipe',
    });
  });

  test('makes its span the active one in the handler, even after an await', async () => {
    const { result } = await within(() => work.active());
    const answered = only(await told(work, ['work/active']), 'work/active', 'server');
    expect(result).toMatchObject({ traceId: answered.traceId, spanId: answered.spanId });
  });

  test('keeps the metadata of its caller beside traceparent', async () => {
    const sent = await withCallOptions(work, { metadata: { tenant: 'a' } }).metadata();
    expect(sent).toEqual({ tenant: 'a', traceparent: expect.stringMatching(/^00-\w{32}-\w{16}-01$/) });
  });

  test('that fails has a span with the status error on both sides, with the error’s code and an event', async () => {
    await expect(work.fail()).rejects.toThrow('out of range');
    for (const span of await told(work, ['work/fail'])) {
      if (span.name !== 'work/fail') continue;
      expect(span).toMatchObject({ status: 'error', message: 'out of range' });
      expect(span.attributes).toMatchObject({ 'error.type': 'E_RANGE', 'rpc.status_code': 'E_RANGE' });
      expect(span.events).toMatchObject([
        { name: 'exception', attributes: { 'exception.message': 'out of range' } },
      ]);
    }
  });

  test('has a span with the status error if the deadline passes, but not if the caller aborts the call', async () => {
    const leaving = new AbortController();
    const left = work.wait({ signal: leaving.signal });
    leaving.abort();
    await expect(left).rejects.toMatchObject({ name: 'AbortError' });
    await expect.poll(async () => (await work.spans()).map(({ name }) => name)).toContain('work/wait');
    const aborted = only(sdk.spans(), 'work/wait');
    expect(aborted).toMatchObject({ status: 'unset', attributes: { 'pipework.cancelled': true } });
    expect(aborted.attributes).not.toHaveProperty('error.type');
    expect(only(await work.spans(), 'work/wait')).toMatchObject({
      status: 'unset',
      attributes: { 'pipework.cancelled': true },
    });

    sdk.reset();
    const late = withCallOptions(work, { deadlineMs: 20 }).wait({ signal: new AbortController().signal });
    await expect(late).rejects.toMatchObject({ code: 'RPC_DEADLINE' });
    expect(only(sdk.spans(), 'work/wait')).toMatchObject({
      status: 'error',
      attributes: { 'error.type': 'RPC_DEADLINE' },
    });
  });

  test('is recorded as _OTHER if its method does not exist', async () => {
    const untyped = work as unknown as { bogus(): Promise<unknown> };
    await expect(untyped.bogus()).rejects.toMatchObject({ code: 'RPC_UNKNOWN_METHOD' });
    for (const span of (await told(work, ['_OTHER'])).filter(({ name }) => name === '_OTHER')) {
      expect(span.attributes).toMatchObject({
        'rpc.method': '_OTHER',
        'rpc.method_original': 'work/bogus',
        'error.type': 'RPC_UNKNOWN_METHOD',
      });
    }
  });

  test('has a span with the status error if the plugin dies, and the plugin’s exit has a span of its own', async () => {
    const { work, client } = await startWork();
    const { pid } = client;
    const lost = work.wait({ signal: new AbortController().signal });
    lost.catch(() => {});
    process.kill(pid!, 'SIGKILL');
    await expect(lost).rejects.toMatchObject({ code: 'RPC_CLOSED' });
    expect(only(sdk.spans(), 'work/wait')).toMatchObject({
      status: 'error',
      attributes: { 'error.type': 'RPC_CLOSED' },
    });
    await expect.poll(() => sdk.spans().map(({ name }) => name)).toContain('exit worker');
    expect(only(sdk.spans(), 'exit worker')).toMatchObject({
      status: 'error',
      parent: undefined,
      links: [only(sdk.spans(), 'start worker').spanId],
      attributes: {
        'pipework.exit.by': 'plugin',
        'pipework.exit.signal': 'SIGKILL',
        'pipework.plugin': 'worker',
        'process.pid': pid,
      },
    });
  });
});

test('if a thousand calls of two traces are interleaved, each call belongs to its caller’s trace', async () => {
  const both = await Promise.all(
    ['a', 'b'].map((name) =>
      within(() => Promise.all(Array.from({ length: 500 }, (_, n) => work.greet(`${name}${n}`)))),
    ),
  );
  await expect.poll(async () => (await work.spans()).length).toBe(1_000);
  const made = sdk.spans().filter(({ kind }) => kind === 'client');
  const parents = new Map(made.map((span) => [span.spanId, span]));
  for (const { traceId, spanId } of both)
    expect(made.filter((span) => span.traceId === traceId && span.parent === spanId)).toHaveLength(500);
  for (const span of await work.spans()) expect(parents.get(span.parent!)?.traceId).toBe(span.traceId);
});

test('if a handler calls a callback, the call has a client span below the handler’s span, and a server span in the host', async () => {
  const active: (string | undefined)[] = [];
  const { traceId } = await within(() =>
    work.each(['one'], () => void active.push(trace.getActiveSpan()?.spanContext().spanId)),
  );
  const spans = await told(work, ['work/each', 'work/$call']);
  const handler = only(spans, 'work/each', 'server');
  const back = only(spans, 'work/$call', 'client');
  const ours = only(spans, 'work/$call', 'server');
  expect(back).toMatchObject({ traceId, parent: handler.spanId });
  expect(ours).toMatchObject({ traceId, parent: back.spanId, process: process.pid });
  expect(active).toEqual([ours.spanId]);
});

test('if a handler calls a service of the host, the span of that call is a child of the handler’s span', async () => {
  const { traceId } = await within(() => work.now());
  const spans = await told(work, ['work/now', 'clock/now']);
  const asked = only(spans, 'clock/now', 'client');
  expect(asked).toMatchObject({ traceId, parent: only(spans, 'work/now', 'server').spanId });
  expect(only(spans, 'clock/now', 'server')).toMatchObject({
    traceId,
    parent: asked.spanId,
    process: process.pid,
  });
});

test('if a plugin without telemetry calls a callback, the span’s parent is the span of the call that passed the callback', async () => {
  const { work } = await startWork({ silent: true });
  await within(() => work.each(['one'], () => {}));
  const spans = sdk.spans();
  expect(only(spans, 'work/$call', 'server').parent).toBe(only(spans, 'work/each', 'client').spanId);
});

describe('a stream', () => {
  test('that is a result has a span on each side, with the number of items', async () => {
    const { traceId, spanId } = await within(async () => {
      for await (const n of work.count(3)) expect(n).toBeGreaterThan(0);
    });
    const spans = await told(work, ['work/count', 'pipework.stream']);
    const streams = spans.filter(({ name }) => name === 'pipework.stream');
    const side = (direction: string): ToldSpan =>
      streams.find(({ attributes }) => attributes['pipework.stream.direction'] === direction)!;
    expect(streams).toHaveLength(2);
    expect(side('given')).toMatchObject({ traceId, parent: only(spans, 'work/count', 'server').spanId });
    expect(side('taken')).toMatchObject({ traceId, parent: spanId });
    for (const { attributes } of streams) expect(attributes['pipework.stream.items']).toBe(3);
  });

  test('runs its source within the handler’s span', async () => {
    await within(async () => {
      for await (const n of work.ask(1)) expect(n).toBe(12);
    });
    const spans = await told(work, ['work/ask', 'clock/now']);
    expect(only(spans, 'clock/now', 'client').parent).toBe(only(spans, 'work/ask', 'server').spanId);
  });

  test('that is an argument has a span on each side, whose parent is that side’s span of the call', async () => {
    const numbers = async function* (): AsyncGenerator<number> {
      yield* [1, 2];
    };
    await within(() => work.sum(numbers()));
    const spans = await told(work, ['work/sum', 'pipework.stream']);
    const parents = new Map(
      spans.filter(({ name }) => name === 'pipework.stream').map((span) => [span.process, span.parent]),
    );
    expect(parents.get(process.pid)).toBe(only(spans, 'work/sum', 'client').spanId);
    expect([...parents.values()]).toContain(only(spans, 'work/sum', 'server').spanId);
  });
});

describe('a process', () => {
  test('has an exit span, and a start span below the span of the code that started it', async () => {
    const client = workClient();
    const { spanId } = await within(() => client.start());
    expect(only(sdk.spans(), 'start worker')).toMatchObject({
      parent: spanId,
      status: 'unset',
      attributes: { 'pipework.plugin': 'worker', 'pipework.protocol_version': 1, 'process.pid': client.pid },
    });
    await client.kill();
    expect(only(sdk.spans(), 'exit worker')).toMatchObject({
      status: 'unset',
      attributes: { 'pipework.exit.by': 'quit', 'process.exit.code': 0 },
    });
  });

  test('that does not start has a start span with the status error, and no exit span', async () => {
    const client = workClient({ cmd: ['/no/such/plugin'] });
    await expect(client.start()).rejects.toThrow();
    expect(only(sdk.spans(), 'start worker')).toMatchObject({ status: 'error' });
    expect(sdk.spans().map(({ name }) => name)).not.toContain('exit worker');
  });
});

test('one trace goes through a host, its plugin and the plugin’s plugin', async () => {
  const { traceId, spanId, result } = await within(() => work.deeper('world'));
  expect(result).toBe('Hello, world!');
  const spans = await told(work, ['work/deeper', 'work/greet']);
  const chain = [
    only(spans, 'work/deeper', 'client'),
    only(spans, 'work/deeper', 'server'),
    only(spans, 'work/greet', 'client'),
    only(spans, 'work/greet', 'server'),
  ];
  expect(chain.map(({ parent }) => parent)).toEqual([
    spanId,
    ...chain.slice(0, -1).map((span) => span.spanId),
  ]);
  expect(chain.every((span) => span.traceId === traceId)).toBe(true);
  expect(new Set(chain.map((span) => span.process)).size).toBe(3);
});
