/** Every limit of one session: its unit, its default, and the harm that it prevents. */
import { PipeworkError } from './errors.ts';
import { maxTimerMs } from './timers.ts';

/** The limits of one session, which joins one host with one plugin. Each side sets its own limits. */
export interface Limits {
  /**
   * Bytes of one incoming or outgoing RPC message. A larger outgoing message is refused. A larger incoming
   * message is not collected, and its stream is reset.
   */
  readonly maxMessageBytes: number;
  /**
   * Values in one incoming message. The count is the sum of the sizes that the message's arrays and maps
   * declare, and of the rows of its tables. A value that costs the receiving side more, such as a Map, an
   * error or a reference, counts as several. One value is about 64 bytes of memory. If a message has more
   * values than the limit, its call fails.
   */
  readonly maxMessageValues: number;
  /**
   * Bytes of all incomplete incoming messages of the session. Beyond this number, only one of these messages
   * at a time gets further credit. Nothing fails.
   */
  readonly maxUnfinishedBytes: number;
  /**
   * Levels of nested arrays and objects in one value. A call with a deeper value fails on the side that finds
   * this value.
   */
  readonly maxDepth: number;
  /**
   * Calls of the peer that run at the same time. Further calls wait in a queue. A running call that waits for
   * an answer of the peer does not count. Otherwise a call that the peer makes inside a callback would wait
   * for the running call, which itself waits for that callback. Callbacks (calls to references) and calls of
   * host services do not count.
   */
  readonly maxRunningCalls: number;
  /**
   * Callbacks (calls to references) of the peer that run at the same time. Calls of the plugin to the host's
   * services count as well. Further ones fail with `RPC_OVERLOADED`. They never wait in a queue, because the
   * call that waits for their result could then never end.
   */
  readonly maxRunningCallbacks: number;
  /** Calls of the peer that wait for a running call to end. Further ones fail with `RPC_OVERLOADED`. */
  readonly maxQueuedCalls: number;
  /** Calls to the peer that wait for their answer. Further ones fail with `RPC_OVERLOADED` before anything is sent. */
  readonly maxPendingCalls: number;
  /**
   * References (functions, objects, signals, streams) that one connection holds for the peer. A call that
   * exceeds this limit fails with `RPC_TOO_MANY_REFERENCES`.
   */
  readonly maxReferences: number;
  /**
   * Streams that the peer opened and that wait, because their broker id has not arrived or is not awaited.
   * Beyond that number, the newest stream is reset.
   */
  readonly maxWaitingStreams: number;
  /**
   * Milliseconds for each of three waits: until a stream has sent its broker id, until a held stream is
   * accepted, and until an awaited stream arrives.
   */
  readonly brokerTimeoutMs: number;
}

const MiB = 1024 * 1024;

/** The limits of docs/protocol.md, and those that the protocol leaves to each side. */
export const defaultLimits: Limits = Object.freeze({
  maxMessageBytes: 128 * MiB,
  maxMessageValues: 1024 * 1024,
  maxUnfinishedBytes: 256 * MiB,
  maxDepth: 128,
  maxRunningCalls: Infinity,
  maxRunningCallbacks: 10_000,
  maxQueuedCalls: 10_000,
  maxPendingCalls: Infinity,
  maxReferences: 65_536,
  maxWaitingStreams: 256,
  brokerTimeoutMs: 5_000,
});

/**
 * The maximum number of method names that are kept, each with the data derived from it. The number must be
 * bounded, because a peer may send, and a host's code may call, any number of names.
 */
export const maxKeptNames = 1024;

// Beyond these values, the codec's arithmetic or stack, or a timer, would fail.
const ceilings: Partial<Record<keyof Limits, number>> = {
  maxMessageBytes: 2 ** 31 - 1,
  maxDepth: 512,
  brokerTimeoutMs: maxTimerMs,
};

/**
 * Returns the defaults, overridden by the limits in `options`. Throws `CONFIG_INVALID` for an unknown name or
 * a value that is not a positive number.
 */
export function checkLimits(options: Partial<Limits> = {}): Limits {
  const limits: Record<string, number> = { ...defaultLimits };
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(defaultLimits, name)) {
      throw new PipeworkError(
        'CONFIG_INVALID',
        `limits.${name} is not a limit: the names are ${Object.keys(defaultLimits).join(', ')}`,
      );
    }
    // As for every option, undefined counts as absent.
    if (value === undefined) continue;
    const ceiling = ceilings[name as keyof Limits] ?? Infinity;
    if (typeof value !== 'number' || !(value > 0) || value > ceiling) {
      throw new PipeworkError(
        'CONFIG_INVALID',
        `limits.${name} must be a number above 0${ceiling < Infinity ? ` and at most ${ceiling}` : ''}; got ${String(value)}`,
      );
    }
    limits[name] = value;
  }
  return limits as unknown as Limits;
}
