/** Why a stream ended: alone, or with everything. */
import { PipeworkError } from '../errors.ts';

// The stream was reset alone: the session goes on, and the process has nothing to explain.
const aloneCodes = new Set<unknown>(['MUX_STREAM_RESET', 'MUX_STREAM_CLOSED']);

/** Whether the reason ended this stream and no more: a reset, or something that this side found and says itself. */
export function isAlone(reason: Error): boolean {
  return reason instanceof PipeworkError || aloneCodes.has((reason as { code?: unknown }).code);
}
