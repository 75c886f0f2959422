/** What references ask of the conversation that they belong to. */
import type { Borrower, Receiver } from './reference-types.ts';

export interface ReferenceHost {
  /** Calls a function of the peer's, or the method `name` of an object. */
  callReference(id: number, name: string | undefined, args: unknown[]): Promise<unknown>;
  /** A stream of this side has ended. `call` is the call in whose result it was given, if it was in a result. */
  givenStreamEnded(call: Borrower | undefined): void;
  /** A stream of the peer's has ended. `call` is the call in whose result it came, if it was in a result. */
  takenStreamEnded(call: Receiver | undefined): void;
}
