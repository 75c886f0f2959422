/** Onions around calls: what a side may put around every call it makes and every call it answers. */
import { runtimeMethods } from '../../session/wire-words.ts';
import type { CallContext } from './call-context.ts';

/** What a call through a reference is called where calls are watched and failures are told: `$/call` for a function, `$/call.next` for a method of an object. */
export function referenceCallName(name: unknown): string {
  return typeof name === 'string' ? `${runtimeMethods.call}.${name}` : runtimeMethods.call;
}

/** One outgoing call as an interceptor sees it. */
export interface OutgoingCall {
  /** The method as it goes on the wire, `Plugin.greet`; of a reference's, `$/call` or `$/call.next`. */
  readonly method: string;
  /** The arguments. An interceptor may replace them before it calls `next()`. */
  params: unknown[];
  /** Travels with the call to a peer that announced `meta`; room for `traceparent`, `tracestate`, `baggage`. */
  metadata: Record<string, string>;
}

/** Around one outgoing call: what it returns is what the caller gets. Call `next` once, or answer without it. */
export type CallInterceptor = (call: OutgoingCall, next: () => Promise<unknown>) => unknown;

/** Around one incoming call: what it returns is what the peer gets. Runs before the contract's input is checked. */
export type HandlerInterceptor = (
  call: { readonly method: string; readonly params: unknown[]; readonly context: CallContext },
  next: () => unknown,
) => unknown;
