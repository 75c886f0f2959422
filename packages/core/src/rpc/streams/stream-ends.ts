/** Why a stream of values ends early, as its source or its reader is told. */
import { isReset } from '../../session/loss.ts';

/** What a source is told if its reader went without a reason. */
export function readerGone(): DOMException {
  return new DOMException('the reader of the stream has left', 'AbortError');
}

/** What a reader is told if the call was cancelled in whose arguments the stream was. Why it was cancelled stays on the caller's side. */
export function callAborted(): DOMException {
  return new DOMException('the operation was aborted by the caller', 'AbortError');
}

/** True if a stream ended early because its reader went, and with nothing else. */
export function isReaderGone(cause: Error | undefined): boolean {
  return cause === undefined || isReset(cause);
}
