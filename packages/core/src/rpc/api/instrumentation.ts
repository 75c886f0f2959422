/**
 * The tracing channels of node:diagnostics_channel that tools can watch: for calls made here
 * (`pipework:call`), calls answered here (`pipework:handler`) and streams of values (`pipework:stream`). A
 * channel without a subscriber costs each call one comparison.
 */
import { tracingChannel, type TracingChannel } from 'node:diagnostics_channel';

/**
 * The object that a subscriber of `pipework:call` or `pipework:handler` receives. All events of one call
 * share one object.
 */
export interface CallTrace {
  /**
   * The method's name on the wire, for instance `Plugin.greet`. For a call to a function, the name is
   * `$/call`. For a call to the method `next` of a marked object, the name is `$/call.next`.
   */
  readonly method: string;
  /** The name under which the plugin or the service was dispensed. Undefined if there is no such name. */
  readonly service: string | undefined;
  /**
   * The other party. On the caller's side, it is the party that is called. On the handler's side, it is
   * always `the caller`.
   */
  readonly peer: string;
  /**
   * The arguments. On the caller's side, they are not packed yet. On the handler's side, they are already
   * decoded.
   */
  readonly params: readonly unknown[];
  /**
   * Metadata that is sent with a call, for instance `traceparent`. A subscriber of `start` on `pipework:call`
   * can add entries.
   */
  metadata: Record<string, string>;
  /** From `asyncEnd` on, the value with which the call resolved; undefined if the call failed. */
  result?: unknown;
  /** From `error` on, the error with which the call rejected; undefined if the call succeeded. */
  error?: unknown;
}

/** The object that a subscriber of `pipework:stream` receives. */
export interface StreamTrace {
  /** `given` if this side has the source of the stream, `taken` if the peer has it. */
  readonly direction: 'given' | 'taken';
  /** The party on the other side, as in {@link CallTrace.peer}. */
  readonly peer: string;
  /** How many items have passed so far. */
  items: number;
  /** The error that ended the stream before its source did; undefined if there is none. */
  error?: unknown;
}

type Channel<T extends object> = TracingChannel<T, T>;

/**
 * The name of the tracing channel for calls that are made here, each as a {@link CallTrace}. A store that is
 * bound to the channel's `start` is active while the call is sent.
 */
export const callChannelName = 'pipework:call';

/**
 * The name of the tracing channel for calls that are answered here, each as a {@link CallTrace}. A store that
 * is bound to the channel's `start` is active in the handler, and while the handler's answer is sent. So the
 * store is also active in the sources of streams and in the functions that the answer contains.
 */
export const handlerChannelName = 'pipework:handler';

/**
 * The name of the tracing channel for streams of values, each as a {@link StreamTrace}. For a given stream,
 * `start` is published in the asynchronous context in which the stream was given. For a taken stream, it is
 * published in the context of the consumer.
 */
export const streamChannelName = 'pipework:stream';

/**
 * The name of the tracing channel for plugin processes, each as a `ProcessTrace`. This channel only publishes
 * events. A store that is bound to it is never active.
 */
export const processChannelName = 'pipework:process';

export const callChannel: Channel<CallTrace> = tracingChannel(callChannelName);
export const handlerChannel: Channel<CallTrace> = tracingChannel(handlerChannelName);
export const streamChannel: Channel<StreamTrace> = tracingChannel(streamChannelName);

/** True if any event of the channel has a subscriber. */
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

/** Publishes that a stream is over. */
export function endStreamTrace(trace: StreamTrace | undefined): void {
  if (trace === undefined) return;
  if (trace.error !== undefined) streamChannel.error.publish(trace);
  streamChannel.asyncEnd.publish(trace);
}
