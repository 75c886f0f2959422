/** Explains why a stream ended, and finds out whether it ended alone or with its session. */
import { PipeworkError } from '../base/errors.ts';

// With these codes, only one stream was reset. The session continues, so the process's exit explains nothing.
const aloneCodes = new Set<unknown>(['MUX_STREAM_RESET', 'MUX_STREAM_CLOSED']);

// A reset carries no text on the wire, so this text names the likely causes.
const resetHint =
  ' (a peer resets a stream if a message exceeds one of its limits, such as maxMessageBytes, if 4096 streams are open already, or if the protocol is broken)';

/** Returns the reason in words. If the peer could not give a reason, the likely causes are added. */
export function reasonText(reason: Error): string {
  const wasResetByPeer = (reason as { code?: unknown }).code === 'MUX_STREAM_RESET';
  return wasResetByPeer ? reason.message + resetHint : reason.message;
}

/** True if the stream was reset, by either side. */
export function isReset(reason: Error): boolean {
  return aloneCodes.has((reason as { code?: unknown }).code);
}

/** True if the reason ended only one stream. The reason is then a reset, or a fault that this side found. */
export function isAlone(reason: Error): boolean {
  return reason instanceof PipeworkError || isReset(reason);
}

/** Returns the error for the reader or the source of a lost stream. */
export function streamLost(what: string, cause: Error | undefined): PipeworkError {
  const why = cause === undefined ? 'it ended in the middle' : reasonText(cause);
  return new PipeworkError('RPC_CLOSED', `${what} was lost: ${why}`, { cause });
}

/**
 * Calls `tell` with the best known cause of a loss. If the loss concerns one stream only, calls `tell`
 * immediately. Otherwise first waits for `ask`, which learns of the process's exit.
 */
export function explained(
  cause: Error | undefined,
  ask: ((cause: Error) => Promise<Error>) | undefined,
  tell: (cause: Error | undefined) => void,
): void {
  if (cause === undefined || ask === undefined || isAlone(cause)) return tell(cause);
  ask(cause).then(tell, () => tell(cause));
}
