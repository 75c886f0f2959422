/** The data that a handler can read about its call, in addition to the arguments. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { PipeworkError } from '../../base/errors.ts';

/** One incoming call. */
export interface CallContext {
  /** The method's name as it is sent, for instance `Plugin.greet`. */
  readonly method: string;
  /**
   * Aborts when the caller cancels, when the deadline passes, and when the caller is gone. The signal is
   * created on first access.
   */
  readonly signal: AbortSignal;
  /** Milliseconds left until the caller's deadline; undefined if the caller set none. */
  readonly remainingMs: number | undefined;
  /**
   * The metadata that the caller sent with the call, for instance `traceparent`. Empty if the caller sent
   * none.
   */
  readonly metadata: Readonly<Record<string, string>>;
}

let current: CallContext | undefined;

/** Undefined until `serve({ callContext: 'everywhere' })` is called in this process. */
let everywhere: AsyncLocalStorage<CallContext> | undefined;

/**
 * Returns the call that is being answered. Call it before the handler's first `await`, because the context is
 * known only while the handler starts. Because of this limit, the context costs a call nothing. With `serve({
 * callContext: 'everywhere' })`, the context is also known after an `await`, and in everything that the
 * handler calls. Throws `MISUSE` if no context is known.
 *
 * @example
 * ```ts
 * import { callContext, serve } from '@pipework/core/plugin';
 *
 * await serve({
 *   plugins: {
 *     pages: () => ({
 *       async read(url: string): Promise<string> {
 *         const { signal, remainingMs } = callContext();
 *         console.log(`reading ${url}, ${remainingMs ?? 'any number of'} ms left`);
 *         return await (await fetch(url, { signal })).text();
 *       },
 *     }),
 *   },
 * });
 * ```
 */
export function callContext(): CallContext {
  const context = current ?? everywhere?.getStore();
  if (context !== undefined) return context;
  throw new PipeworkError(
    'MISUSE',
    "callContext() was called outside a handler. Call it at the top of the handler, before its first await, and keep what it returns; or serve with callContext: 'everywhere', at its cost",
  );
}

/** From now on, an AsyncLocalStorage keeps the context of this process's handlers after an `await`. */
export function keepContextEverywhere(): void {
  everywhere ??= new AsyncLocalStorage();
}

/**
 * Returns the storage that holds the call while its handler runs; undefined unless
 * {@link keepContextEverywhere} was called.
 */
export function contextStorage(): AsyncLocalStorage<CallContext> | undefined {
  return everywhere;
}

/**
 * Returns the call whose handler is starting; undefined at other times. A wrapper around a handler uses this
 * to give the handler the call's context.
 */
export function currentContext(): CallContext | undefined {
  return current;
}

/**
 * Makes `context` the current one, because its handler starts. `context` stays current until the returned
 * value is passed to {@link leaveContext}.
 */
export function enterContext(context: CallContext | undefined): CallContext | undefined {
  const outer = current;
  current = context;
  return outer;
}

export function leaveContext(outer: CallContext | undefined): void {
  current = outer;
}
