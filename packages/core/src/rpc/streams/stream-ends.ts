/** The reasons why a stream of values ends early, as its source or its reader gets them. */
import { isReset } from '../../session/loss.ts';

/** The reason for a source whose reader left without giving a reason. */
export function readerGone(): DOMException {
  return new DOMException('the reader of the stream has left', 'AbortError');
}

/**
 * The reason for a reader whose stream was in the arguments of a call that was cancelled. The caller's own
 * reason for the cancel is not sent to the peer.
 */
export function callAborted(): DOMException {
  return new DOMException('the operation was aborted by the caller', 'AbortError');
}

/** True if a stream ended early only because its reader left. */
export function isReaderGone(cause: Error | undefined): boolean {
  return cause === undefined || isReset(cause);
}
