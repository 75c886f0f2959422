/**
 * Provides a store for diagnostics channels. While a channel runs a function with this store, an
 * OpenTelemetry context is active.
 */
import type { AsyncLocalStorage } from 'node:async_hooks';
import { context, type Context } from '@opentelemetry/api';

/** A scope in which a context is active until the scope is disposed of. */
interface Scope {
  [Symbol.dispose](): void;
}

/** The private part of OpenTelemetry's API through which the context manager's store is reached. */
interface Manager {
  _getContextManager?(): { _asyncLocalStorage?: { withScope?(active: Context): Scope } };
}

/**
 * A store for `bindStore()`. OpenTelemetry's own store is private, and an SDK may replace it. A channel calls
 * only the method `run` of a store, or `withScope` if this version of Node has that method. So an object with
 * these two methods is enough.
 */
export const activeContext: AsyncLocalStorage<Context> = {
  run: <R>(active: Context, act: () => R): R => context.with(active, act),
  withScope(active: Context): Scope {
    const manager = (context as unknown as Manager)._getContextManager?.();
    return manager?._asyncLocalStorage?.withScope?.(active) ?? { [Symbol.dispose]: () => {} };
  },
} as unknown as AsyncLocalStorage<Context>;
