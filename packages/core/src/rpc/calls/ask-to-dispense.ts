/** Asks the peer for an implementation. The counterpart on the other side is `Dispenser`. */
import { PipeworkError } from '../../base/errors.ts';
import { expectKeys, expectSignal } from '../../base/expect.ts';
import type { CallOptions } from '../api/call-options.ts';
import type { Conversation } from './conversation.ts';

/** Options of a dispense. */
export interface DispenseOptions {
  /**
   * Aborting it rejects the dispense at once with the signal's reason. The `context.signal` of the factory aborts too, and what the factory
   * makes nevertheless is disposed of.
   */
  readonly signal?: AbortSignal | undefined;
}

/** Returns the options of the call that dispenses. Throws `CONFIG_INVALID`, naming the option, for an invalid one. */
export function checkDispenseOptions(options: DispenseOptions): CallOptions | undefined {
  expectKeys('options', options, ['signal']);
  const { signal } = options;
  expectSignal(signal);
  return signal === undefined ? undefined : { signal };
}

const maxBrokerId = 0xffff_ffff;

/**
 * Calls the dispensing method `method`, and resolves with the broker id for the implementation of `name`.
 * Rejects as the call does, and with `RPC_PROTOCOL` if the answer is not a broker id. In the message of that
 * error, `peer` is the name of the other side.
 */
export async function askToDispense(
  conversation: Conversation,
  method: string,
  name: string,
  peer: string,
  options?: CallOptions,
): Promise<number> {
  const id = await conversation.call(method, [name], options);
  if (typeof id === 'number' && Number.isInteger(id) && id >= 1 && id <= maxBrokerId) return id;
  throw new PipeworkError(
    'RPC_PROTOCOL',
    `${peer} answered Dispense with ${String(id)}, which is not a broker id`,
  );
}
