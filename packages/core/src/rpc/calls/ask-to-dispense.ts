/** Asks the peer for an implementation. Its counterpart is `Dispenser`. */
import { PipeworkError } from '../../base/errors.ts';
import type { Conversation } from './conversation.ts';

const maxBrokerId = 0xffff_ffff;

/**
 * Calls the dispensing method `method`, and resolves with the broker id for the implementation of `name`.
 * Rejects as the call does, and with `RPC_PROTOCOL` if the answer is not a broker id. `peer` is the other
 * side's name in the message.
 */
export async function askToDispense(
  conversation: Conversation,
  method: string,
  name: string,
  peer: string,
): Promise<number> {
  const id = await conversation.call(method, [name]);
  if (typeof id === 'number' && Number.isInteger(id) && id >= 1 && id <= maxBrokerId) return id;
  throw new PipeworkError(
    'RPC_PROTOCOL',
    `${peer} answered Dispense with ${String(id)}, which is not a broker id`,
  );
}
