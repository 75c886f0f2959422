/** Makes a call on one process of a fleet. */
import { isPipeworkError, withCallOptions, type CallOptions, type Remote } from '@pipework/core';
import { markUnsent } from './unsent.ts';

/**
 * The error codes of calls that failed because the process or its session has ended. The codes of deadlines,
 * aborts and limits are left out, because another process would not prevent such an error.
 */
const lostCodes: ReadonlySet<string> = new Set([
  'PLUGIN_EXITED',
  'PLUGIN_LOST',
  'PLUGIN_KILLED',
  'RPC_CLOSED',
]);

/** True if the process or its session was lost. */
export function isLost(error: unknown): boolean {
  return isPipeworkError(error) && lostCodes.has(error.code);
}

/**
 * True if the process was lost before anything of the call was sent, so that the next process can run the
 * call. No call is ever sent twice.
 */
export function mayGoElsewhere(error: unknown): boolean {
  return isPipeworkError(error) && error.sent === false && lostCodes.has(error.code);
}

type Methods = Readonly<Record<string, (...args: unknown[]) => Promise<unknown>>>;

/** Calls `method` on the implementation that one process dispensed. Never throws. */
export function forward(
  remote: Remote<unknown>,
  method: string,
  args: unknown[],
  options: CallOptions | undefined,
): Promise<unknown> {
  try {
    const target = options === undefined ? remote : withCallOptions(remote, options);
    return (target as unknown as Methods)[method]!(...args);
  } catch (error) {
    // Core refused an option.
    return Promise.reject(markUnsent(error as Error));
  }
}

/**
 * Returns the signal by which the caller can abort the call; undefined if there is none. The signal is in the
 * call's options, among the arguments, or in an argument's `signal` field.
 */
export function signalOf(
  args: readonly unknown[],
  options: CallOptions | undefined,
): AbortSignal | undefined {
  if (options?.signal !== undefined) return options.signal;
  for (const arg of args) {
    if (isAbortSignal(arg)) return arg;
    if (typeof arg !== 'object' || arg === null) continue;
    const signal = Object.getOwnPropertyDescriptor(arg, 'signal')?.value as unknown;
    if (isAbortSignal(signal)) return signal;
  }
  return undefined;
}

/** True for a signal of any realm. A test environment may have replaced Node's class by its own. */
function isAbortSignal(value: unknown): value is AbortSignal {
  return Object.prototype.toString.call(value) === '[object AbortSignal]';
}
