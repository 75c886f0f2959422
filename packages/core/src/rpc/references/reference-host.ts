/** The functions of a conversation that its references use. */
import type { Borrower, Receiver } from './reference-types.ts';

export interface ReferenceHost {
  /**
   * Calls a function of the peer, or the method `name` of an object of the peer. If a running call borrowed the
   * function or the object, `within` is that call.
   */
  callReference(id: number, name: string | undefined, args: unknown[], within?: Borrower): Promise<unknown>;
  /**
   * Called when a stream of this side has ended. If the stream was given in the result of a call, `call` is
   * that call.
   */
  givenStreamEnded(call: Borrower | undefined): void;
  /**
   * Called when a stream of the peer has ended, and when all its items were taken. If the stream came in the
   * result of a call, `call` is that call.
   */
  takenStreamEnded(call: Receiver | undefined): void;
}
