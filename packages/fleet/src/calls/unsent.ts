/** Errors of calls of which nothing was sent. */
import { PipeworkError, type ErrorCode } from '@pipework/core';

/** Returns an error of core's table with `sent: false`. */
export function unsent<C extends ErrorCode>(code: C, message: string): PipeworkError<C> {
  const error = new PipeworkError(code, message);
  Object.defineProperty(error, 'sent', { value: false, enumerable: false });
  return error;
}
