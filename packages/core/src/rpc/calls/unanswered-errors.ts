/** The errors of calls that this side makes and that fail without an answer. */
import { PipeworkError, unsent } from '../../base/errors.ts';
import { reasonText } from '../../session/loss.ts';
import type { Shared } from '../../session/shared.ts';
import { withoutStack } from '../values/error-stack.ts';

/**
 * Returns the error for a call whose conversation ended before the answer came. `cause` is the error that
 * ended the conversation.
 */
export function lossOf(method: string, peer: string, cause: Error): PipeworkError {
  const message = `${method} was not answered by ${peer}: ${reasonText(cause)}`;
  return withoutStack(new PipeworkError('RPC_CLOSED', message, { cause }), `${method} (${peer})`);
}

export function deadlinePassed(method: string, peer: string, deadlineMs: number): PipeworkError {
  const message = `${method} was not answered by ${peer} within its deadline of ${Math.ceil(deadlineMs)} ms`;
  return withoutStack(new PipeworkError('RPC_DEADLINE', message), `${method} (${peer})`);
}

export function calledAfterFinish(method: string): PipeworkError {
  return unsent('RPC_CLOSED', `${method} was called on a connection that this side has closed`);
}

export function tooManyPending(method: string, { counts, peer }: Shared): PipeworkError {
  return unsent(
    'RPC_OVERLOADED',
    `${method} was not sent: ${counts.pendingCalls} calls already wait for ${peer} (maxPendingCalls). Await some of them first`,
  );
}
