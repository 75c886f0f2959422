/** What is held by reference, as the calls that hold it see it. */
import type { RemoteTarget } from '../remote/stand-in.ts';

/** A stream of values that this side gave out. */
export interface GivenStream {
  /** The call it came with has settled: it ends, unless the peer has dialled it. */
  callSettled(): void;
  /** Nobody wants it. */
  drop(): void;
}

/** A stream of values of the peer's. */
export interface TakenStream {
  /** The call it came with has settled: it ends, unless it is open. */
  callSettled(): void;
  /** The call was aborted: whoever waits for an item gets the reason. */
  abort(reason: unknown): void;
}

/** Something given out. */
export interface Export {
  readonly id: number;
  readonly target: object;
  /** How often it was sent and not given back. */
  count: number;
  /** It was in a result or in an item of a stream: the peer's to dispose of. What was an argument only stays its owner's. */
  isHandedOver: boolean;
  /** Takes the listener off, where it is a signal. */
  readonly detach: (() => void) | undefined;
}

/** What one message gave out; given back together when the call settles. */
export interface Scope {
  readonly exports: Export[];
  readonly streams: GivenStream[];
}

/** A reference of the peer's. */
export interface Import extends RemoteTarget {
  readonly id: number;
  value: object;
  /** Calls in whose arguments it came and that have not settled. */
  borrowed: number;
  /** How often it came in results or was retained: given back with a notification. */
  held: number;
  readonly abort: ((reason: unknown) => void) | undefined;
}
