/** Objects that are held by reference, and the calls that hold them. */
import type { AsyncResource } from 'node:async_hooks';
import type { RemoteTarget } from '../remote/stand-in.ts';
import type { GivenStream } from '../streams/given-stream.ts';
import type { StreamingCall } from '../streams/stream-host.ts';
import type { TakenStream } from '../streams/taken-stream.ts';

/** An object of this side that the peer holds. */
export interface GivenReference {
  readonly id: number;
  readonly target: object;
  /** How often it was sent, minus how often it was given back. */
  count: number;
  /**
   * True if it was in a result or in an item of a stream, so that the peer must dispose of it. If it was only
   * an argument, it still belongs to its owner.
   */
  isHandedOver: boolean;
  /** The asynchronous context in which it was last given. Its functions run there. Undefined for a signal. */
  context: AsyncResource | undefined;
  /** The message in which it was last given. */
  scope: Scope;
  /** True if the peer keeps it, by this id, beyond the call in which it came. */
  isRetained: boolean;
  /** Removes the listener, if the target is a signal. */
  readonly detach: (() => void) | undefined;
}

/** The references of one message. They are taken back together when the call settles. */
export interface Scope {
  readonly references: GivenReference[];
  readonly streams: GivenStream[];
}

/** The kind of object that a reference stands for. */
export type TakenKind = 'function' | 'object' | 'signal';

/** An object of the peer that this side holds. */
export interface TakenReference extends RemoteTarget {
  readonly id: number;
  readonly kind: TakenKind;
  value: object;
  /** How many unsettled calls brought it in their arguments. */
  borrowed: number;
  /** How often it came in results or was retained. Such holds are given back with a notification. */
  held: number;
  readonly abort: ((reason: unknown) => void) | undefined;
}

/** What an incoming call holds by reference. */
export interface Held {
  /** References that came in its arguments. The handler may use them until the call settles. */
  readonly references: TakenReference[];
  /** Streams that came in its arguments. */
  readonly streams: TakenStream[];
  /**
   * How many streams of its result have not ended. While there are any, the call's signal and arguments are
   * kept.
   */
  given: number;
}

/** An incoming call, which borrows the references in its arguments. */
export interface Borrower extends StreamingCall {
  readonly id: number;
  readonly held: Held;
  /** True if {@link held} was ever read. */
  readonly isHolding: boolean;
}

/** An outgoing call, whose result may bring streams. */
export interface Receiver {
  readonly id: number;
  readonly method: string;
  /** Streams of the result that have not ended. */
  streams: Set<TakenStream> | undefined;
}
