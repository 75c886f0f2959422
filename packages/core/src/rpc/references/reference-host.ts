/** What references need from the conversation that they belong to. */
import type { Borrower, Receiver } from './reference-types.ts';

export interface ReferenceHost {
  /** Calls a function of the peer, or the method `name` of an object of the peer. */
  callReference(id: number, name: string | undefined, args: unknown[]): Promise<unknown>;
  /** A stream of this side has ended. If it was given in the result of a call, `call` is that call. */
  givenStreamEnded(call: Borrower | undefined): void;
  /** A stream of the peer has ended. If it came in the result of a call, `call` is that call. */
  takenStreamEnded(call: Receiver | undefined): void;
}
