/** Interceptors: functions that a side may put around every call that it makes or answers. */
import { runtimeMethods } from '../../session/wire-words.ts';
import type { CallContext } from './call-context.ts';

/**
 * The name of a call through a reference, as traces and errors show it: `$/call` for a function,
 * `$/call.next` for a method of an object.
 */
export function referenceCallName(name: unknown): string {
  return typeof name === 'string' ? `${runtimeMethods.call}.${name}` : runtimeMethods.call;
}

/** One outgoing call, as an interceptor sees it. */
export interface OutgoingCall {
  /**
   * The method's name as it is sent, for instance `Plugin.greet`. For a call through a reference, the name is
   * `$/call`, or for instance `$/call.next`.
   */
  readonly method: string;
  /** The arguments. An interceptor may replace them before it calls `next()`. */
  params: unknown[];
  /**
   * Metadata, for instance `traceparent`, `tracestate` or `baggage`. The metadata is sent with the call if
   * the peer announced `meta`.
   */
  metadata: Record<string, string>;
}

/**
 * Runs around one outgoing call. The caller gets the interceptor's return value. An interceptor calls `next`
 * once, or answers without calling `next`.
 */
export type CallInterceptor = (call: OutgoingCall, next: () => Promise<unknown>) => unknown;

/**
 * Runs around one incoming call. The peer gets the interceptor's return value. The interceptor runs before
 * the arguments are checked against a contract.
 */
export type HandlerInterceptor = (
  call: { readonly method: string; readonly params: unknown[]; readonly context: CallContext },
  next: () => unknown,
) => unknown;
