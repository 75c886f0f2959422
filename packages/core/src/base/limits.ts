/** Every limit of one session in one place: its unit, its default, and the harm it prevents. */
import { PipeworkError } from './errors.ts';
import { maxTimerMs } from './timers.ts';

/** What one session holds at most. All are per session (one host with one plugin), and each side sets its own. */
export interface Limits {
  /** Bytes of one incoming or outgoing RPC message. A larger one never gets gathered: its stream is reset. */
  readonly maxMessageBytes: number;
  /**
   * Values in one incoming message: what its arrays and maps declare, the rows of its tables, and more for what costs its receiver more
   * (a Map, an error, a reference). One is about 64 bytes of memory. A message with more fails its call.
   */
  readonly maxMessageValues: number;
  /** Bytes of all messages of the session that have begun to arrive and are not complete. The one that passes it is reset. */
  readonly maxUnfinishedBytes: number;
  /** Levels of arrays and objects in one value. A deeper value fails its call, on the side that finds it. */
  readonly maxDepth: number;
  /**
   * Calls of the peer that run at once. Further ones wait in a queue. A running call that waits for an answer of the peer fills no place, or
   * a callback that calls back in would wait for itself. Callbacks (calls to references) and calls of host services do not count.
   */
  readonly maxRunningCalls: number;
  /**
   * Callbacks (calls to references) of the peer, and calls of the plugin to services of the host, that run at once. Further ones fail with
   * `RPC_OVERLOADED`. They never wait: the call that waits for them could then never end.
   */
  readonly maxRunningCallbacks: number;
  /** Calls of the peer that wait for a running one to end. Further ones fail with `RPC_OVERLOADED`. */
  readonly maxQueuedCalls: number;
  /** Calls to the peer that wait for their answer. Further ones fail with `RPC_OVERLOADED` before anything is sent. */
  readonly maxPendingCalls: number;
  /** References (functions, objects, signals, streams) that one connection holds for the peer. A call that passes it fails with `RPC_TOO_MANY_REFERENCES`. */
  readonly maxReferences: number;
  /** Streams the peer opened whose broker id has not come, or is not awaited. The newest is reset. */
  readonly maxWaitingStreams: number;
  /** How long, in milliseconds, a stream may take to bring its broker id, be held, or be waited for. */
  readonly brokerTimeoutMs: number;
}

const MiB = 1024 * 1024;

/** The limits of PROTOCOL section 8, and those it leaves to a side. */
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

/** How many names of methods are kept with what was made of each. A peer, or a host that makes names up as it goes, may bring any number. */
export const maxKeptNames = 1024;

// Above these the codec's own arithmetic and stack would no longer hold.
const ceilings: Partial<Record<keyof Limits, number>> = {
  maxMessageBytes: 2 ** 31 - 1,
  maxDepth: 512,
  brokerTimeoutMs: maxTimerMs,
};

/** The given limits over the defaults. Throws `CONFIG_INVALID` for an unknown name or a value that is no positive number. */
export function checkLimits(options: Partial<Limits> = {}): Limits {
  const limits: Record<string, number> = { ...defaultLimits };
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(defaultLimits, name)) {
      throw new PipeworkError(
        'CONFIG_INVALID',
        `limits.${name} is not a limit: the names are ${Object.keys(defaultLimits).join(', ')}`,
      );
    }
    // As with every option, one that is undefined was left out.
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
