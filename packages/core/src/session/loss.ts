/** Why a stream ended: alone, or with everything. */
import { PipeworkError } from '../base/errors.ts';

// The stream was reset alone: the session goes on, and the process has nothing to explain.
const aloneCodes = new Set<unknown>(['MUX_STREAM_RESET', 'MUX_STREAM_CLOSED']);

// A reset has no words of its own on the wire.
const resetHint =
  ' (a peer resets a stream where a message passes its limits, maxMessageBytes for one, where 4096 streams are open already, or where the protocol is broken)';

/** The reason in words, with what may be behind it where the peer could not say. */
export function reasonText(reason: Error): string {
  const wasResetByPeer = (reason as { code?: unknown }).code === 'MUX_STREAM_RESET';
  return wasResetByPeer ? reason.message + resetHint : reason.message;
}

/** True if the stream was reset, by either side. */
export function isReset(reason: Error): boolean {
  return aloneCodes.has((reason as { code?: unknown }).code);
}

/** True if the reason ended one stream and no more: a reset, or a fault that this side found and describes itself. */
export function isAlone(reason: Error): boolean {
  return reason instanceof PipeworkError || isReset(reason);
}

/** What the ends of a stream are told if it was lost. */
export function streamLost(what: string, cause: Error | undefined): PipeworkError {
  const why = cause === undefined ? 'it ended in the middle' : reasonText(cause);
  return new PipeworkError('RPC_CLOSED', `${what} was lost: ${why}`, { cause });
}

/** Calls `tell` with what is known of a loss: at once if it concerns one stream alone, otherwise once `ask` knows of the process's exit. */
export function explained(
  cause: Error | undefined,
  ask: ((cause: Error) => Promise<Error>) | undefined,
  tell: (cause: Error | undefined) => void,
): void {
  if (cause === undefined || ask === undefined || isAlone(cause)) return tell(cause);
  ask(cause).then(tell, () => tell(cause));
}
