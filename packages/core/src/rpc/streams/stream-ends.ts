/** The reasons that the source or the reader of a stream gets if the stream ends early. */
import { isReset } from '../../session/loss.ts';

/** Makes the reason that a source gets if its reader left without giving a reason. */
export function readerGone(): DOMException {
  return new DOMException('the reader of the stream has left', 'AbortError');
}

/**
 * Makes the reason that a reader gets if the stream was in the arguments of a call that was cancelled. The
 * caller's own reason for the cancel is not sent to the peer.
 */
export function callAborted(): DOMException {
  return new DOMException('the operation was aborted by the caller', 'AbortError');
}

/** Returns true if a stream ended early only because its reader left. */
export function isReaderGone(cause: Error | undefined): boolean {
  return cause === undefined || isReset(cause);
}
