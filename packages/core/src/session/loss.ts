/** Why a stream ended: alone, or with everything. */
import { PipeworkError } from '../base/errors.ts';

// The stream was reset alone: the session goes on, and the process has nothing to explain.
const aloneCodes = new Set<unknown>(['MUX_STREAM_RESET', 'MUX_STREAM_CLOSED']);

// A reset has no words of its own on the wire.
const resetHint =
  ' (a peer resets a stream where a message passes its limits, maxMessageBytes for one, where 4096 streams are open already, or where the protocol is broken)';

/** The reason in words, with what may be behind it where the peer could not say. */
export function reasonText(reason: Error): string {
  const isReset = (reason as { code?: unknown }).code === 'MUX_STREAM_RESET';
  return isReset ? reason.message + resetHint : reason.message;
}

/** Whether the reason ended this stream and no more: a reset, or something that this side found and says itself. */
export function isAlone(reason: Error): boolean {
  return reason instanceof PipeworkError || aloneCodes.has((reason as { code?: unknown }).code);
}
