// All three programs use this file. A real program would export its spans to a collector, not to memory.
import { context, propagation, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { instrument } from '@pipework/otel';
import type { Told } from './contract.ts';

/** Turns telemetry on. The returned function returns the spans that have ended since its last call. */
export function startTelemetry(program: string): () => Told[] {
  const exporter = new InMemorySpanExporter();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  );
  // The calls that carry spans get no spans themselves.
  instrument({ ignore: ({ service }) => service === 'spans' });
  return () => {
    const spans = exporter.getFinishedSpans();
    exporter.reset();
    return spans.map((span) => ({
      ...span.spanContext(),
      parent: span.parentSpanContext?.spanId,
      name: span.name,
      kind: SpanKind[span.kind].toLowerCase(),
      program,
    }));
  };
}
