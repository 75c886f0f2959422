import { channel } from 'node:diagnostics_channel';
import { metrics, trace } from '@opentelemetry/api';
import {
  callChannelName,
  handlerChannelName,
  processChannelName,
  streamChannelName,
} from '@pipework/core/plugin';
import { fleetChannelName, Pool, poolChannelName, Supervisor } from '@pipework/fleet';
import * as conventions from '@opentelemetry/semantic-conventions';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { instrument, type InstrumentOptions, type Instrumentation } from '../src/index.ts';
import { attributes, fleetChannels, metricNames } from './support/internals.ts';
import { startSdk, type Figures, type Sdk } from './support/telemetry.mjs';
import { only, program, startWork, unwatched, type Work } from './support/work.ts';

let sdk: Sdk;

beforeAll(() => {
  sdk = startSdk();
});

afterAll(async () => {
  await sdk.stop();
});

function turnOn(options: InstrumentOptions = {}): Instrumentation {
  sdk.reset();
  const instrumentation = instrument({ ignore: ({ method }) => unwatched.has(method), ...options });
  onTestFinished(() => instrumentation.disable());
  return instrumentation;
}

/**
 * Returns the value of the metric `name` with the attributes `some`. Fails unless exactly one value has them.
 */
function valueOf(figures: Figures, name: string, some: Record<string, unknown> = {}): unknown {
  const found = (figures[name] ?? []).filter(({ attributes: all }) =>
    Object.entries(some).every(([key, value]) => all[key] === value),
  );
  expect(found, `${name} of ${JSON.stringify(some)} in ${JSON.stringify(figures)}`).toHaveLength(1);
  return found[0]?.value;
}

const channelNames = [callChannelName, handlerChannelName, streamChannelName, processChannelName];

/** Returns all channels that have a subscriber. */
const heard = (): string[] =>
  [
    ...channelNames.flatMap((name) =>
      ['start', 'end', 'asyncStart', 'asyncEnd', 'error'].map((event) => `tracing:${name}:${event}`),
    ),
    fleetChannelName,
    poolChannelName,
  ].filter((name) => channel(name).hasSubscribers);

test('the names that otel uses are the same as in the semantic conventions and in fleet', () => {
  expect(attributes).toMatchObject({
    system: conventions.ATTR_RPC_SYSTEM_NAME,
    method: conventions.ATTR_RPC_METHOD,
    methodOriginal: conventions.ATTR_RPC_METHOD_ORIGINAL,
    statusCode: conventions.ATTR_RPC_STATUS_CODE,
    errorType: conventions.ATTR_ERROR_TYPE,
    transport: conventions.ATTR_NETWORK_TRANSPORT,
  });
  expect(metricNames).toMatchObject({
    client: conventions.METRIC_RPC_CLIENT_CALL_DURATION,
    server: conventions.METRIC_RPC_SERVER_CALL_DURATION,
  });
  expect(fleetChannels).toEqual({ supervisor: fleetChannelName, pool: poolChannelName });
});

test('calls and processes are counted and timed, in the host and in the plugin', async () => {
  turnOn();
  const { work, client } = await startWork();
  await Promise.all([work.greet('a'), work.greet('b')]);
  await expect(work.fail()).rejects.toThrow();
  const waiting = new AbortController();
  const left = work.wait({ signal: waiting.signal });
  left.catch(() => {});
  const reading = work.count(10_000)[Symbol.asyncIterator]();
  await reading.next();

  const figures = await sdk.figures();
  const theirs = await work.figures();
  for (const [name, told] of [
    [metricNames.client, figures],
    [metricNames.server, theirs],
  ] as const) {
    expect(valueOf(told, name, { 'rpc.method': 'work/greet' })).toMatchObject({ count: 2 });
    expect(valueOf(told, name, { 'rpc.method': 'work/fail', 'error.type': 'E_RANGE' })).toMatchObject({
      count: 1,
    });
  }
  expect(valueOf(figures, metricNames.activeClient)).toBe(1);
  expect(valueOf(theirs, metricNames.activeServer)).toBe(1);
  expect(valueOf(figures, metricNames.streams)).toBe(1);
  expect(valueOf(figures, metricNames.processes, { 'pipework.plugin': 'worker' })).toBe(1);
  expect(valueOf(figures, metricNames.startDuration, { 'pipework.plugin': 'worker' })).toMatchObject({
    count: 1,
  });
  if (process.platform === 'linux')
    expect(valueOf(figures, metricNames.memory, { 'pipework.plugin': 'worker' })).toBeGreaterThan(2 ** 20);

  await reading.return?.(undefined);
  waiting.abort();
  await expect(left).rejects.toThrow();
  await client.kill();
  const after = await sdk.figures();
  expect(valueOf(after, metricNames.activeClient)).toBe(0);
  expect(valueOf(after, metricNames.exits, { 'pipework.plugin': 'worker', 'pipework.exit.by': 'quit' })).toBe(
    1,
  );
  expect(valueOf(after, metricNames.processes, { 'pipework.plugin': 'worker' })).toBe(0);
});

test('the restarts of a supervisor are counted', async () => {
  turnOn();
  await using supervisor = new Supervisor<{ work: Work }>({
    cmd: [process.execPath, program, 'silent'],
    name: 'kept',
    restart: { atMost: 5, withinMs: 60_000, initialDelayMs: 1, maxDelayMs: 1 },
  });
  const work = await supervisor.dispense('work');
  await expect(work.wait({ signal: AbortSignal.timeout(1) })).rejects.toThrow();
  process.kill(Number(only(sdk.spans(), 'start kept').attributes['process.pid']), 'SIGKILL');
  await expect.poll(() => sdk.spans().filter(({ name }) => name === 'start kept').length).toBe(2);
  expect(valueOf(await sdk.figures(), metricNames.restarts, { 'pipework.plugin': 'kept' })).toBe(1);
});

test('a pool’s queue is reported, and a call that waited in the queue keeps its trace', async () => {
  const instrumentation = turnOn();
  await using pool = new Pool<{ work: Work }>({ cmd: [process.execPath, program], name: 'many', max: 1 });
  const unwatch = instrumentation.watchPool(pool, 'many');
  const work = await pool.dispense('work');
  const first = new AbortController();
  const holding = work.wait({ signal: first.signal });
  holding.catch(() => {});
  const tracer = trace.getTracer('test');
  const waiting = ['a', 'b'].map((name) =>
    tracer.startActiveSpan(name, async (span) => {
      await work.greet(name);
      span.end();
      return span.spanContext().traceId;
    }),
  );
  await expect.poll(() => pool.stats()).toMatchObject({ busy: 1, queued: 2 });
  const figures = await sdk.figures();
  expect(valueOf(figures, metricNames.poolQueued, { 'pipework.pool.name': 'many' })).toBe(2);
  expect(valueOf(figures, metricNames.poolBusy, { 'pipework.pool.name': 'many' })).toBe(1);
  expect(valueOf(figures, metricNames.poolProcesses, { 'pipework.pool.name': 'many' })).toBe(1);
  first.abort();
  const traceIds = await Promise.all(waiting);
  const made = sdk.spans().filter(({ name }) => name === 'work/greet');
  expect(made.map(({ traceId }) => traceId).toSorted()).toEqual(traceIds.toSorted());
  const asked = vi.spyOn(pool, 'stats');
  await sdk.figures();
  expect(asked).toHaveBeenCalledTimes(1);
  unwatch();
  await sdk.figures();
  expect(asked).toHaveBeenCalledTimes(1);
});

test('after disable(), no listener is left, and calls that are under way are reported when they end', async () => {
  expect(heard()).toEqual([]);
  const instrumentation = turnOn();
  expect(instrument()).toBe(instrumentation);
  expect(heard()).not.toEqual([]);
  const { work } = await startWork({ silent: true });
  const controller = new AbortController();
  const waiting = work.wait({ signal: controller.signal });
  instrumentation.disable();
  expect(heard()).toEqual([`tracing:${callChannelName}:asyncEnd`]);
  controller.abort();
  await expect(waiting).rejects.toThrow();
  expect(only(sdk.spans(), 'work/wait').kind).toBe('client');
  expect(heard()).toEqual([]);
  sdk.reset();
  await work.greet('nobody');
  expect(sdk.spans()).toEqual([]);
  expect(await work.metadata()).toEqual({});
  instrumentation.disable();
});

test('with requireParent, a call outside of any trace has no span, but is measured', async () => {
  const { work } = await startWork({ silent: true });
  turnOn({ requireParent: true });
  await work.active();
  expect(sdk.spans()).toEqual([]);
  expect(valueOf(await sdk.figures(), metricNames.client, { 'rpc.method': 'work/active' })).toMatchObject({
    count: 1,
  });
  await trace.getTracer('test').startActiveSpan('test', async (span) => {
    await work.active();
    span.end();
  });
  expect(sdk.spans().map(({ name }) => name)).toEqual(['work/active', 'test']);
});

test('a call succeeds even if a hook or a tracer throws', async () => {
  const { work } = await startWork({ silent: true });
  turnOn({
    annotate: () => {
      throw new Error('annotate');
    },
    ignore: () => {
      throw new Error('ignore');
    },
    tracerProvider: {
      getTracer: () => ({
        startSpan() {
          throw new Error('startSpan');
        },
        startActiveSpan() {
          throw new Error('startActiveSpan');
        },
      }),
    },
    meterProvider: metrics.getMeterProvider(),
  });
  expect(await work.greet('world')).toBe('Hello, world!');
  for await (const n of work.count(2)) expect(n).toBeGreaterThan(0);
});

test('annotate adds attributes to the span of a call', async () => {
  const { work } = await startWork({ silent: true });
  turnOn({ annotate: (span, call) => void span.setAttribute('args', call.params.length) });
  await work.greet('world');
  expect(only(sdk.spans(), 'work/greet').attributes).toMatchObject({ args: 1 });
});
