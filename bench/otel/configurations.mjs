// The configurations of telemetry, by name. `off` is without telemetry, and `all` is with all of it. Host and
// plugin use the same configuration.
import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import { instrument } from '@pipework/otel';

/** Accepts spans and drops them, because the cost of an exporter is not measured here. */
const nowhere = {
  export: (_spans, done) => done({ code: 0 }),
  shutdown: async () => {},
};

function registerTraces(sampler) {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({
      sampler: new ParentBasedSampler({ root: sampler }),
      spanProcessors: [new BatchSpanProcessor(nowhere)],
    }),
  );
}

function registerMetrics() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.DELTA);
  metrics.setGlobalMeterProvider(
    new MeterProvider({
      readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 60_000 })],
    }),
  );
}

export const configurations = {
  off: () => {},
  'no SDK': () => instrument(),
  metrics: () => {
    registerMetrics();
    instrument({ tracerProvider: false });
  },
  'outside of a trace': () => {
    registerTraces(new AlwaysOnSampler());
    instrument({ requireParent: true, meterProvider: false });
  },
  unsampled: () => {
    registerTraces(new AlwaysOffSampler());
    instrument({ meterProvider: false });
  },
  sampled: () => {
    registerTraces(new AlwaysOnSampler());
    instrument({ meterProvider: false });
  },
  all: () => {
    registerTraces(new AlwaysOnSampler());
    registerMetrics();
    instrument();
  },
};
