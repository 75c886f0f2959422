/** Reports a span and a duration for each call that this process makes or answers. */
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  trace,
  type Attributes,
  type Context,
  type Histogram,
  type Span,
} from '@opentelemetry/api';
import { callChannelName, handlerChannelName, type CallTrace } from '@pipework/core/plugin';
import { activeContext } from './active-context.ts';
import { failureAttributes, failureOf, markFailed, type Failure } from './failures.ts';
import { guarded } from './guard.ts';
import { Methods, type Method } from './methods.ts';
import { attributes, metricNames } from './names.ts';
import type { Stop, Telemetry } from './telemetry.ts';

/**
 * The boundaries of the duration buckets, in seconds. The first is 10 µs. OpenTelemetry's default buckets
 * begin at 5 ms, but a call takes only tens of microseconds.
 */
const boundaries = [
  0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1,
  0.25, 0.5, 1, 2.5, 5, 10, 30,
];

/**
 * The key under which the record of a call is kept until the call ends. The record is a property of the
 * call's object, so that both are freed together.
 */
const recordKey = Symbol('pipework.otel.call');

interface CallRecord {
  readonly method: Method;
  readonly span: Span | undefined;
  readonly begunAt: number;
}

type Watched = CallTrace & { [recordKey]?: CallRecord };

/** The names and functions that differ between calls that this process makes and calls that it answers. */
interface Side {
  readonly channelName: string;
  readonly kind: SpanKind;
  readonly duration: string;
  readonly active: string;
  /** Returns the context of the span that is the parent of the call's span. */
  parentOf(call: CallTrace): Context;
  /**
   * Writes the context into the metadata of a call that this process makes. Called after `ignore` and
   * `annotate`, so that these functions cannot change that metadata.
   */
  begun(active: Context, call: CallTrace): void;
}

/** Calls that this process makes. A call's metadata carries the context of its span. */
export const madeHere: Side = {
  channelName: callChannelName,
  kind: SpanKind.CLIENT,
  duration: metricNames.client,
  active: metricNames.activeClient,
  parentOf: () => context.active(),
  begun: (active, call) => propagation.inject(active, call.metadata),
};

/** Calls that this process answers. */
export const answeredHere: Side = {
  channelName: handlerChannelName,
  kind: SpanKind.SERVER,
  duration: metricNames.server,
  active: metricNames.activeServer,
  // A call of a function (`$/`) runs in the context of the call that passed the function. So if the metadata
  // names no parent, the span of that earlier call is the parent. Any other call runs in the context in which
  // the connection was made, which has nothing to do with the call.
  parentOf: ({ method, metadata }) =>
    propagation.extract(method.startsWith('$/') ? context.active() : ROOT_CONTEXT, metadata),
  begun: () => {},
};

/**
 * Watches the calls of one side until the returned function is called. Calls that are under way at that time
 * are reported when they end.
 */
export function watchCalls(side: Side, telemetry: Telemetry): Stop {
  const calls = new Calls(side, telemetry);
  return () => calls.stop();
}

class Calls {
  readonly #side: Side;
  readonly #telemetry: Telemetry;
  readonly #methods: Methods;
  readonly #duration: Histogram;
  readonly #stopCounting: Stop;
  #running = 0;
  #isStopping = false;

  constructor(side: Side, telemetry: Telemetry) {
    this.#side = side;
    this.#telemetry = telemetry;
    this.#methods = new Methods(side.kind === SpanKind.CLIENT);
    const { meter } = telemetry;
    this.#duration = meter.createHistogram(side.duration, {
      description: 'Time from the beginning of a call to its answer',
      unit: 's',
      advice: { explicitBucketBoundaries: boundaries },
    });
    const active = meter.createObservableUpDownCounter(side.active, {
      description: 'Calls that are under way',
      unit: '{call}',
    });
    const count = (result: { observe(value: number): void }): void => result.observe(this.#running);
    active.addCallback(count);
    this.#stopCounting = () => active.removeCallback(count);
    channel(`tracing:${side.channelName}:start`).bindStore(activeContext, (call) =>
      this.#begin(call as Watched),
    );
    subscribe(`tracing:${side.channelName}:asyncEnd`, this.#ended);
  }

  stop(): void {
    this.#isStopping = true;
    channel(`tracing:${this.#side.channelName}:start`).unbindStore(activeContext);
    this.#stopCounting();
    this.#leaveWhenQuiet();
  }

  #leaveWhenQuiet(): void {
    if (this.#isStopping && this.#running === 0)
      unsubscribe(`tracing:${this.#side.channelName}:asyncEnd`, this.#ended);
  }

  #begin(call: Watched): Context {
    return guarded('the beginning of a call', () => this.#start(call), undefined) ?? context.active();
  }

  #start(call: Watched): Context | undefined {
    const { ignores, needsParent, tracer, annotate } = this.#telemetry;
    if (ignores !== undefined && guarded('ignore', () => ignores(call), false)) return undefined;
    const side = this.#side;
    const method = this.#methods.of(call);
    const parent = side.parentOf(call);
    const isTraced = !needsParent || trace.getSpanContext(parent) !== undefined;
    const span = isTraced
      ? tracer.startSpan(method.name, { kind: side.kind, attributes: method.attributes }, parent)
      : undefined;
    this.#running += 1;
    call[recordKey] = { method, span, begunAt: performance.now() };
    if (span === undefined) return parent;
    if (annotate !== undefined) guarded('annotate', () => annotate(span, call), undefined);
    const active = trace.setSpan(parent, span);
    guarded('the propagator', () => side.begun(active, call), undefined);
    return active;
  }

  readonly #ended = (message: unknown): void => {
    const call = message as Watched;
    const record = call[recordKey];
    if (record === undefined) return;
    this.#running -= 1;
    guarded('the end of a call', () => this.#end(call, record), undefined);
    this.#leaveWhenQuiet();
  };

  #end(call: CallTrace, { method, span, begunAt }: CallRecord): void {
    const seconds = (performance.now() - begunAt) / 1_000;
    const failure = 'error' in call ? failureOf(call.error) : undefined;
    const isUnknown = failure?.statusCode === 'RPC_UNKNOWN_METHOD';
    const told = isUnknown ? this.#methods.unknown(call) : method;
    this.#duration.record(seconds, metricAttributes(told, failure));
    if (span === undefined) return;
    if (isUnknown) {
      span.updateName(told.name);
      span.setAttributes({ ...told.attributes, [attributes.methodOriginal]: method.name.slice(0, 256) });
    }
    if (failure !== undefined) markFailed(span, call.error, failure);
    span.end();
  }
}

/**
 * Returns the attributes of a duration of `method`, with the type of `failure`. Keeps them in `method` for
 * later calls.
 */
function metricAttributes(method: Method, failure: Failure | undefined): Attributes {
  const type = failure?.type;
  const made = method.byFailure.get(type);
  if (made !== undefined) return made;
  const all = { ...method.attributes, ...failureAttributes(failure) };
  method.byFailure.set(type, all);
  return all;
}
