/** What is held by reference, and the calls that hold it. */
import type { AsyncResource } from 'node:async_hooks';
import type { RemoteTarget } from '../remote/stand-in.ts';
import type { GivenStream } from '../streams/given-stream.ts';
import type { StreamingCall } from '../streams/stream-host.ts';
import type { TakenStream } from '../streams/taken-stream.ts';

/** Something of this side that the peer holds. */
export interface GivenReference {
  readonly id: number;
  readonly target: object;
  /** How often it was sent and not given back. */
  count: number;
  /** It was in a result or in an item of a stream, so the peer disposes of it. What was only an argument stays its owner's. */
  isHandedOver: boolean;
  /** The asynchronous context in which it was given last: its functions run there. Undefined for a signal. */
  context: AsyncResource | undefined;
  /** The message that gave it last. */
  scope: Scope;
  /** The peer keeps it beyond the call it came with, by this id. */
  isRetained: boolean;
  /** Takes the listener off, if the target is a signal. */
  readonly detach: (() => void) | undefined;
}

/** What one message gave. It is taken back together when the call settles. */
export interface Scope {
  readonly references: GivenReference[];
  readonly streams: GivenStream[];
}

/** What a reference stands for. */
export type TakenKind = 'function' | 'object' | 'signal';

/** Something of the peer's that this side holds. */
export interface TakenReference extends RemoteTarget {
  readonly id: number;
  readonly kind: TakenKind;
  value: object;
  /** Calls in whose arguments it came and that have not settled. */
  borrowed: number;
  /** How often it came in results or was retained: given back with a notification. */
  held: number;
  readonly abort: ((reason: unknown) => void) | undefined;
}

/** What an incoming call holds by reference. */
export interface Held {
  /** References that came in its arguments. They are the handler's until the call settles. */
  readonly references: TakenReference[];
  /** Streams that came in its arguments. */
  readonly streams: TakenStream[];
  /** Streams of its result that have not ended. The call's signal and arguments live as long. */
  given: number;
}

/** An incoming call, which borrows what its arguments bring. */
export interface Borrower extends StreamingCall {
  readonly id: number;
  readonly held: Held;
  /** Whether {@link held} was ever asked for. */
  readonly isHolding: boolean;
}

/** An outgoing call, whose result may bring streams. */
export interface Receiver {
  readonly id: number;
  readonly method: string;
  /** Streams of the result that have not ended. */
  streams: Set<TakenStream> | undefined;
}
