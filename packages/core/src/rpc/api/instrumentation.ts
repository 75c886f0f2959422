/**
 * What tools can watch: tracing channels of node:diagnostics_channel for calls made (`pipework:call`), calls answered
 * (`pipework:handler`) and streams of values (`pipework:stream`). Without subscribers a call pays one comparison.
 */
import { tracingChannel, type TracingChannel } from 'node:diagnostics_channel';

/** What a subscriber of `pipework:call` or `pipework:handler` gets; one object for all events of one call. */
export interface CallTrace {
  /** As on the wire, `Plugin.greet`. */
  readonly method: string;
  /** Who is called, or `the caller` for a call that is answered here. */
  readonly peer: string;
  readonly params: readonly unknown[];
  /** Of `pipework:call`: what a subscriber of `start` sets here travels with the call, for instance `traceparent`. */
  metadata: Record<string, string>;
  result?: unknown;
  error?: unknown;
}

/** What a subscriber of `pipework:stream` gets. */
export interface StreamTrace {
  readonly direction: 'given' | 'taken';
  readonly peer: string;
  items: number;
  error?: unknown;
}

type Channel<T extends object> = TracingChannel<T, T>;

export const callChannel: Channel<CallTrace> = tracingChannel('pipework:call');
export const handlerChannel: Channel<CallTrace> = tracingChannel('pipework:handler');
export const streamChannel: Channel<StreamTrace> = tracingChannel('pipework:stream');

/** Whether anyone listens to any event of a channel. */
export function isTraced<T extends object>(channel: Channel<T>): boolean {
  return (
    channel.start.hasSubscribers ||
    channel.end.hasSubscribers ||
    channel.asyncStart.hasSubscribers ||
    channel.asyncEnd.hasSubscribers ||
    channel.error.hasSubscribers
  );
}

/** Announces that a stream begins. Returns undefined if the channel has no subscriber. */
export function traceStream(direction: StreamTrace['direction'], peer: string): StreamTrace | undefined {
  if (!isTraced(streamChannel)) return undefined;
  const trace: StreamTrace = { direction, peer, items: 0 };
  streamChannel.start.publish(trace);
  return trace;
}

/** A stream is over. */
export function endStreamTrace(trace: StreamTrace | undefined): void {
  if (trace === undefined) return;
  if (trace.error !== undefined) streamChannel.error.publish(trace);
  streamChannel.asyncEnd.publish(trace);
}
