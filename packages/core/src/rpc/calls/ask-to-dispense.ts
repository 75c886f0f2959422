/** Asks the peer for an implementation. The counterpart on the other side is `Dispenser`. */
import { PipeworkError } from '../../base/errors.ts';
import { expect, expectKeys, expectSignal } from '../../base/expect.ts';
import type { CallOptions } from '../api/call-options.ts';
import type { Conversation } from './conversation.ts';

/** Options of a dispense. */
export interface DispenseOptions {
  /**
   * When this signal aborts, the dispense rejects immediately with the signal's reason. On the other side,
   * the factory's `context.signal` aborts too. If the factory makes an object nevertheless, the object is
   * disposed of.
   */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Checks the arguments of a dispense, and returns the options for {@link askToDispense}. If an argument is
 * invalid, throws `CONFIG_INVALID` with the argument's name.
 */
export function checkDispense(name: unknown, options: DispenseOptions): CallOptions | undefined {
  expect(typeof name === 'string', 'name', 'a text', name);
  expectKeys('options', options, ['signal']);
  const { signal } = options;
  expectSignal(signal);
  return signal === undefined ? undefined : { signal };
}

const maxBrokerId = 0xffff_ffff;

/**
 * Calls the dispensing method `method`, and resolves with the broker id for the implementation of `name`. If
 * the call rejects, rejects with the same error. If the answer is not a broker id, rejects with
 * `RPC_PROTOCOL`. `peer` is the other side's name in this error.
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
