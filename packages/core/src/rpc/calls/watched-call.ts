/**
 * Runs an outgoing call within its observers. The outermost observers are the tools that trace the call, and
 * the user's interceptors run inside them.
 */
import type { CallOptions } from '../api/call-options.ts';
import { callChannel, isTraced } from '../api/instrumentation.ts';
import type { CallInterceptor } from '../api/interceptors.ts';

export interface WatchedCall {
  readonly method: string;
  readonly service: string | undefined;
  readonly peer: string;
  readonly params: unknown[];
  readonly options: CallOptions | undefined;
}

type Send = (params: unknown[], options?: CallOptions) => Promise<unknown>;

/**
 * Returns true if calls have an observer: an interceptor, or a subscriber of `callChannel`. Callers check
 * this before each call, so that a call without an observer costs nothing extra.
 */
export function isWatched(
  interceptors: readonly CallInterceptor[] | undefined,
): interceptors is readonly CallInterceptor[] {
  if (interceptors === undefined) return false;
  return interceptors.length > 0 || isTraced(callChannel);
}

/** Makes a call and tells the observers about it. */
export function watchedCall(
  call: WatchedCall,
  interceptors: readonly CallInterceptor[],
  send: Send,
): Promise<unknown> {
  const { method, service, peer, params, options } = call;
  if (!isTraced(callChannel)) return intercepted(method, params, options, interceptors, send);
  const trace = { method, service, peer, params, metadata: { ...options?.metadata } };
  return callChannel.tracePromise(() => {
    // If there is no metadata, `options` is passed on unchanged, because only a call without options can take
    // the fast path.
    const { metadata } = trace;
    const sent = Object.keys(metadata).length === 0 ? options : { ...options, metadata };
    return intercepted(method, params, sent, interceptors, send);
  }, trace);
}

function intercepted(
  method: string,
  params: unknown[],
  options: CallOptions | undefined,
  interceptors: readonly CallInterceptor[],
  send: Send,
): Promise<unknown> {
  if (interceptors.length === 0) return send(params, options);
  const call = { method, params, metadata: { ...options?.metadata } };
  const run = async (index: number): Promise<unknown> => {
    const interceptor = interceptors[index];
    if (interceptor !== undefined) return interceptor(call, () => run(index + 1));
    // An interceptor may have set `params` to any kind of list. The copy reads each item of the list only
    // once.
    return send([...call.params], { ...options, metadata: call.metadata });
  };
  return run(0);
}
