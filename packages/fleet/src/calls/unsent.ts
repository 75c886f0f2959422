/** Errors of calls of which nothing was sent. */
import { PipeworkError, type ErrorCode } from '@pipework/core';

/** Returns an error of core's table with `sent: false`. */
export function unsent<C extends ErrorCode>(code: C, message: string): PipeworkError<C> {
  return markUnsent(new PipeworkError(code, message));
}

/**
 * Notes on an error that its call was not sent, and returns the error. The reason of a signal may be the
 * error of several calls. Once one of them was sent, it keeps saying so.
 */
export function markUnsent<E>(error: E): E {
  if (typeof error !== 'object' || error === null || (error as { sent?: unknown }).sent === true)
    return error;
  try {
    Object.defineProperty(error, 'sent', {
      value: false,
      enumerable: false,
      configurable: true,
      writable: true,
    });
  } catch {
    // The reason is frozen.
  }
  return error;
}
