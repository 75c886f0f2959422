// Starts the official SDK with exporters that keep all spans and figures of this process in memory.
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
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';

/** Registers an SDK for this process, and returns access to its spans and figures. */
export function startSdk({ sampler } = {}) {
  const spans = new InMemorySpanExporter();
  const figures = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: figures, exportIntervalMillis: 2 ** 30 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({
      spanProcessors: [new SimpleSpanProcessor(spans)],
      ...(sampler && { sampler }),
    }),
  );
  metrics.setGlobalMeterProvider(meterProvider);
  return {
    /** Returns the spans that have ended, as plain data. */
    spans: () => spans.getFinishedSpans().map(plain),
    reset: () => spans.reset(),
    /** Returns the present figures: name → { attributes, value }[]. */
    async figures() {
      figures.reset();
      await reader.forceFlush();
      const told = {};
      for (const { scopeMetrics } of figures.getMetrics())
        for (const { metrics: all } of scopeMetrics)
          for (const { descriptor, dataPoints } of all)
            told[descriptor.name] = dataPoints.map(({ attributes, value }) => ({ attributes, value }));
      return told;
    },
    async stop() {
      await meterProvider.shutdown();
      for (const api of [context, propagation, trace, metrics]) api.disable();
    },
  };
}

const kinds = ['internal', 'server', 'client', 'producer', 'consumer'];
const statuses = ['unset', 'ok', 'error'];

function plain(span) {
  const { traceId, spanId } = span.spanContext();
  return {
    name: span.name,
    kind: kinds[span.kind],
    traceId,
    spanId,
    parent: span.parentSpanContext?.spanId,
    status: statuses[span.status.code],
    message: span.status.message,
    attributes: { ...span.attributes },
    events: span.events.map(({ name, attributes }) => ({ name, attributes: { ...attributes } })),
    links: span.links.map((link) => link.context.spanId),
    process: process.pid,
  };
}
