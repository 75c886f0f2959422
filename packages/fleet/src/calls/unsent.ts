/** The errors of calls that failed before anything of them was sent. */
import { PipeworkError, type ErrorCode } from '@pipework/core';

/** Returns an error of core's table with `sent: false`. */
export function unsent<C extends ErrorCode>(code: C, message: string): PipeworkError<C> {
  return markUnsent(new PipeworkError(code, message));
}

/**
 * Marks `error` with `sent: false`, and returns it. Several calls may share an error, such as the reason of a
 * signal. If one of these calls was sent, the error keeps its `sent: true`.
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
    // The error is frozen, so it cannot be marked.
  }
  return error;
}
