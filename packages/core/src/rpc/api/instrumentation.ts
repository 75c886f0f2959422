/**
 * What tools can watch: tracing channels of node:diagnostics_channel for calls made (`pipework:call`), calls answered
 * (`pipework:handler`) and streams of values (`pipework:stream`). Without subscribers a call pays one comparison.
 */
import { tracingChannel, type TracingChannel } from 'node:diagnostics_channel';

/** What a subscriber of `pipework:call` or `pipework:handler` gets; one object for all events of one call. */
export interface CallTrace {
  /** As on the wire, `Plugin.greet`. A call to a function is `$/call`, one to a method of a marked object `$/call.next`. */
  readonly method: string;
  /** The name under which the plugin or the service was dispensed. Undefined for what is served without one. */
  readonly service: string | undefined;
  /** Who is called, or `the caller` for a call that is answered here. */
  readonly peer: string;
  /** The arguments, before they are packed or after they were revived. */
  readonly params: readonly unknown[];
  /** Of `pipework:call`: what a subscriber of `start` sets here travels with the call, for instance `traceparent`. */
  metadata: Record<string, string>;
  /** What the call resolved with, from `asyncEnd` on; undefined if it failed. */
  result?: unknown;
  /** What the call rejected with, from `error` on; undefined if it succeeded. */
  error?: unknown;
}

/** What a subscriber of `pipework:stream` gets. */
export interface StreamTrace {
  /** `given` if this side is the source, `taken` if the peer is. */
  readonly direction: 'given' | 'taken';
  /** Who is on the other side, as in {@link CallTrace.peer}. */
  readonly peer: string;
  /** How many items have passed so far. */
  items: number;
  /** What ended the stream before its source did; undefined if nothing has. */
  error?: unknown;
}

type Channel<T extends object> = TracingChannel<T, T>;

/** The name of the tracing channel for calls that are made here, each as a {@link CallTrace}. A store bound to its `start` is active while the call is sent. */
export const callChannelName = 'pipework:call';

/**
 * The name of the tracing channel for calls that are answered here, each as a {@link CallTrace}. A store bound to its `start` is active in the
 * handler, and where its answer is sent: so also in the sources of streams and in the functions that the answer brings.
 */
export const handlerChannelName = 'pipework:handler';

/**
 * The name of the tracing channel for streams of values, each as a {@link StreamTrace}. `start` is published in the context in which the
 * stream was given, or that of its consumer.
 */
export const streamChannelName = 'pipework:stream';

/** The name of the tracing channel for plugin processes, each as a `ProcessTrace`. It only publishes: a store bound to it is active nowhere. */
export const processChannelName = 'pipework:process';

export const callChannel: Channel<CallTrace> = tracingChannel(callChannelName);
export const handlerChannel: Channel<CallTrace> = tracingChannel(handlerChannelName);
export const streamChannel: Channel<StreamTrace> = tracingChannel(streamChannelName);

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
