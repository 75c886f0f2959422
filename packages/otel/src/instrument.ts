/** Turns telemetry on and off. */
import {
  createNoopMeter,
  metrics,
  ProxyTracerProvider,
  trace,
  type Meter,
  type MeterProvider,
  type Span,
  type TracerProvider,
} from '@opentelemetry/api';
import type { CallTrace } from '@pipework/core/plugin';
import { answeredHere, madeHere, watchCalls } from './calls.ts';
import { watchFleet, watchPool, type PoolFigures } from './fleet.ts';
import { watchProcesses } from './processes.ts';
import { watchStreams } from './streams.ts';
import type { Stop, Telemetry } from './telemetry.ts';

/** The options of {@link instrument}. */
export interface InstrumentOptions {
  /**
   * The provider that makes the tracer for all spans. Default: the global provider, even if it is registered
   * later. With `false` there are no spans, and calls carry no trace context.
   */
  readonly tracerProvider?: TracerProvider | false;
  /**
   * The provider that makes the meter for all metrics. Default: the global provider, which must be registered
   * before `instrument()` is called. With `false` there are no metrics.
   */
  readonly meterProvider?: MeterProvider | false;
  /**
   * If true, calls and streams outside of any trace get no span. The metrics include these calls and streams
   * nevertheless. Default: false.
   */
  readonly requireParent?: boolean;
  /**
   * Returns true for a call that must be neither traced nor measured, and must carry no context. Called once
   * for each call that this process makes or answers.
   */
  readonly ignore?: (call: CallTrace) => boolean;
  /**
   * Called with the span of each call when the call begins. The function can add attributes to the span. An
   * error that this function throws goes to OpenTelemetry's `diag`, never to the call.
   */
  readonly annotate?: (span: Span, call: CallTrace) => void;
}

/** Telemetry that is turned on. Disposing of this object calls {@link disable}. */
export interface Instrumentation extends Disposable {
  /**
   * Reports the processes and the queue of a pool of `@pipework/fleet` whenever metrics are collected.
   * Returns a function that ends these reports. {@link disable} ends them too.
   */
  watchPool(pool: PoolFigures, name: string): () => void;
  /**
   * Turns telemetry off. New calls, streams and processes are not watched. Calls and streams that are under
   * way are reported when they end. Calling `disable()` again does nothing.
   */
  disable(): void;
}

/** The name of the instrumentation scope. */
const scope = '@pipework/otel';

let current: Instrumentation | undefined;

/**
 * Turns telemetry on in this process. Records spans and metrics of the calls that this process makes and
 * answers, of its streams, and of the plugin processes that it starts. A host and each of its plugins call
 * `instrument()` in the same way. If telemetry is on already, returns the existing object, and ignores the
 * options.
 *
 * @example
 * ```ts
 * import { instrument } from '@pipework/otel';
 *
 * // After the SDK of OpenTelemetry has been started, and before the first call.
 * using telemetry = instrument({ requireParent: true });
 * ```
 */
export function instrument(options: InstrumentOptions = {}): Instrumentation {
  return (current ??= turnOn(options));
}

function turnOn(options: InstrumentOptions): Instrumentation {
  const telemetry = telemetryOf(options);
  const stops = new Set<Stop>([
    watchCalls(madeHere, telemetry),
    watchCalls(answeredHere, telemetry),
    watchStreams(telemetry),
    watchProcesses(telemetry),
    watchFleet(telemetry),
  ]);
  const instrumentation: Instrumentation = {
    watchPool(pool, name) {
      const stop = watchPool(telemetry.meter, pool, name);
      stops.add(stop);
      return () => {
        if (stops.delete(stop)) stop();
      };
    },
    disable() {
      if (current === instrumentation) current = undefined;
      for (const stop of stops) stop();
      stops.clear();
    },
    [Symbol.dispose]() {
      this.disable();
    },
  };
  return instrumentation;
}

function telemetryOf(options: InstrumentOptions): Telemetry {
  const { tracerProvider, meterProvider, requireParent = false, ignore, annotate } = options;
  return {
    // Without a real provider, a proxy provider makes spans that record nothing.
    tracer: (tracerProvider === false ? new ProxyTracerProvider() : (tracerProvider ?? trace)).getTracer(
      scope,
    ),
    meter: meterOf(meterProvider),
    needsParent: requireParent,
    ignores: ignore,
    annotate,
  };
}

function meterOf(provider: MeterProvider | false | undefined): Meter {
  return provider === false ? createNoopMeter() : (provider ?? metrics).getMeter(scope);
}
