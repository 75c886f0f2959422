/** What a handler can know about the call it answers, beside its arguments. */
import { PipeworkError } from '../../base/errors.ts';

/** One incoming call. */
export interface CallContext {
  /** The method as it came, `Plugin.greet`. */
  readonly method: string;
  /** Aborts when the caller cancels, when the deadline passes, and when the caller is gone. Made when first asked for. */
  readonly signal: AbortSignal;
  /** Milliseconds that are left of the caller's deadline; undefined where it gave none. */
  readonly remainingMs: number | undefined;
  /** What the caller sent along, for instance `traceparent`. Empty where it sent nothing. */
  readonly metadata: Readonly<Record<string, string>>;
}

let current: CallContext | undefined;

/**
 * The call that is being answered. Ask for it before the handler's first `await`: it is known only while the handler
 * starts, which is why it costs a call nothing (an AsyncLocalStorage would cost every call). Throws `MISUSE` elsewhere.
 */
export function callContext(): CallContext {
  if (current === undefined) {
    throw new PipeworkError(
      'MISUSE',
      'callContext() was asked for outside a handler. Ask at the top of the handler, before its first await, and keep what it returns.',
    );
  }
  return current;
}

/** The call whose handler is starting, for a wrapper around the handler that passes it on; undefined elsewhere. */
export function currentContext(): CallContext | undefined {
  return current;
}

/** A handler starts: its context is the current one until {@link leaveContext} is given what this returns. */
export function enterContext(context: CallContext | undefined): CallContext | undefined {
  const outer = current;
  current = context;
  return outer;
}

export function leaveContext(outer: CallContext | undefined): void {
  current = outer;
}
