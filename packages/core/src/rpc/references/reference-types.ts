/** Objects that are held by reference, and the calls that hold them. */
import type { AsyncResource } from 'node:async_hooks';
import type { RemoteTarget } from '../remote/stand-in.ts';
import type { GivenStream } from '../streams/given-stream.ts';
import type { GivenOwner, StreamingCall, TakenOwner } from '../streams/stream-host.ts';
import type { TakenStream } from '../streams/taken-stream.ts';

/** An object of this side that the peer holds. */
export interface GivenReference {
  readonly id: number;
  readonly target: object;
  /** How often the reference was sent, minus how often the peer gave it back. */
  count: number;
  /**
   * True if the target was in a result or in an item of a stream. The peer must dispose of such a target. If
   * the target was only in arguments, it belongs to this side, and is not disposed of.
   */
  isHandedOver: boolean;
  /**
   * The asynchronous context in which the target was given first. The peer's calls to the target run in this
   * context. Undefined for a signal.
   */
  readonly context: AsyncResource | undefined;
  /** The scope of the message in which the target was given first. */
  readonly scope: Scope;
  /** If the target is a signal, removes its listener. */
  readonly detach: (() => void) | undefined;
}

/**
 * The references of one message. If the message is a request, these references are taken back together when
 * its call settles.
 */
export interface Scope {
  readonly references: GivenReference[];
  readonly streams: GivenStream[];
  /** The open streams in the items of {@link streams}. They end if the message's call is cancelled. */
  nested?: Set<GivenStream>;
}

/** The owner of a given stream, with everything that the streams in its items need. */
export interface GivenIn extends GivenOwner {
  readonly incoming: Borrower | undefined;
  /** The scope of the call whose arguments have the stream. */
  readonly lent: Scope | undefined;
}

/** The owner of a taken stream, with everything that the streams in its items need. */
export interface TakenIn extends TakenOwner {
  /** The call whose arguments brought the stream. */
  readonly incoming: Borrower | undefined;
  readonly outgoing: Receiver | undefined;
}

/** The kind of object that a reference stands for. */
export type TakenKind = 'function' | 'object' | 'signal';

/** An object of the peer that this side holds. */
export interface TakenReference extends RemoteTarget {
  readonly id: number;
  readonly kind: TakenKind;
  value: object;
  /** How many unsettled calls brought the reference in their arguments. */
  borrowed: number;
  /**
   * How often the reference came in results or was retained, minus how often it was given back. To give back
   * a hold, this side sends a notification.
   */
  held: number;
  /** The call that borrowed the reference last. */
  borrower: Borrower | undefined;
  readonly abort: ((reason: unknown) => void) | undefined;
  /**
   * If the reference is a signal, makes the signal's listeners run in the current asynchronous context. Only
   * the first call counts.
   */
  readonly bind: (() => void) | undefined;
}

/** The references and streams that an incoming call holds. */
export interface Held {
  /** References that came in the call's arguments. The handler may use them until the call settles. */
  readonly references: TakenReference[];
  /** Streams that came in the call's arguments. */
  readonly streams: TakenStream[];
  /**
   * The streams in the items of {@link streams}, and in the results of callbacks that the call borrowed, until
   * each has ended and its items were taken. They end if the call is cancelled.
   */
  nested?: Set<TakenStream>;
  /**
   * How many streams of the call's result have not ended. While any of these streams is open, the call's
   * signal and arguments are kept.
   */
  given: number;
}

/** An incoming call, which borrows the references in its arguments. */
export interface Borrower extends StreamingCall {
  readonly id: number;
  readonly held: Held;
  /** The call's own signal, for an argument that stands for it. See {@link TakenReference.bind}. */
  readonly argumentSignal: AbortSignal;
  /** True if {@link held} was ever read. */
  readonly isHolding: boolean;
}

/** An outgoing call, whose result may bring streams. */
export interface Receiver {
  readonly id: number;
  readonly method: string;
  /** Streams of the result that have not ended. */
  streams: Set<TakenStream> | undefined;
  /** Streams of the result that have ended, but whose items were not all taken. Used if {@link isWatched}. */
  unread: Set<TakenStream> | undefined;
  /** True while a signal or a deadline may end the call. */
  readonly isWatched: boolean;
  /** If the call goes to a callback that a running call borrowed, that running call. */
  readonly within: Borrower | undefined;
}
