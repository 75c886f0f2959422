/** What is held by reference, as the calls that hold it see it. */
import type { RemoteTarget } from '../remote/stand-in.ts';
import type { GivenStream } from '../streams/given-stream.ts';

/** What a reference can be to its receiver. */
export type TakenKind = 'function' | 'object' | 'signal';

/** Something given out. */
export interface GivenReference {
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
  readonly references: GivenReference[];
  readonly streams: GivenStream[];
}

/** A reference of the peer's. */
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
