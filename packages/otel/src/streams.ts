/**
 * Makes a span for each stream of values, with the stream's number of items. The parent of this span is the
 * span that is active when the stream begins.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { context, SpanKind, trace, type Span } from '@opentelemetry/api';
import { streamChannelName, type StreamTrace } from '@pipework/core/plugin';
import { failureOf, markFailed } from './failures.ts';
import { guarded } from './guard.ts';
import { pluginOf } from './methods.ts';
import { attributes, metricNames } from './names.ts';
import type { Stop, Telemetry } from './telemetry.ts';

/**
 * Watches streams until the returned function is called. Streams that are open at that time are reported when
 * they end.
 */
export function watchStreams({ tracer, meter, needsParent }: Telemetry): Stop {
  const spans = new Map<StreamTrace, Span | undefined>();
  let isStopping = false;
  const open = meter.createObservableUpDownCounter(metricNames.streams, {
    description: 'Streams of values that are being read',
    unit: '{stream}',
  });
  const count = (result: { observe(value: number): void }): void => result.observe(spans.size);

  const begun = (message: unknown): void => {
    const stream = message as StreamTrace;
    const plugin = pluginOf(stream.peer);
    const start = (): Span | undefined =>
      needsParent && trace.getSpanContext(context.active()) === undefined
        ? undefined
        : tracer.startSpan('pipework.stream', {
            kind: SpanKind.INTERNAL,
            attributes: {
              [attributes.direction]: stream.direction,
              ...(plugin === undefined ? {} : { [attributes.plugin]: plugin }),
            },
          });
    spans.set(stream, guarded('the beginning of a stream', start, undefined));
  };

  const ended = (message: unknown): void => {
    const stream = message as StreamTrace;
    const span = spans.get(stream);
    spans.delete(stream);
    if (span !== undefined) guarded('the end of a stream', () => endSpan(span, stream), undefined);
    leaveWhenQuiet();
  };

  const leaveWhenQuiet = (): void => {
    if (isStopping && spans.size === 0) unsubscribe(`tracing:${streamChannelName}:asyncEnd`, ended);
  };

  open.addCallback(count);
  subscribe(`tracing:${streamChannelName}:start`, begun);
  subscribe(`tracing:${streamChannelName}:asyncEnd`, ended);
  return () => {
    isStopping = true;
    open.removeCallback(count);
    unsubscribe(`tracing:${streamChannelName}:start`, begun);
    leaveWhenQuiet();
  };
}

function endSpan(span: Span, { items, error }: StreamTrace): void {
  span.setAttribute(attributes.items, items);
  if (error !== undefined) markFailed(span, error, failureOf(error));
  span.end();
}
