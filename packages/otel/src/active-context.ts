/** Makes a context of OpenTelemetry the active one where a diagnostics channel runs its stores. */
import type { AsyncLocalStorage } from 'node:async_hooks';
import { context, type Context } from '@opentelemetry/api';

/** What ends a scope that was entered without a function. */
interface Scope {
  [Symbol.dispose](): void;
}

/** The part of OpenTelemetry's context manager that its interface leaves out. */
interface Manager {
  _getContextManager?(): { _asyncLocalStorage?: { withScope?(active: Context): Scope } };
}

/**
 * A store for `bindStore()`. The store that is wanted is OpenTelemetry's own, which is private and another one once an SDK is registered. A
 * channel only ever calls `run` of a store, or `withScope` in a Node that has it, so that an object with these two over the public API will do.
 */
export const activeContext: AsyncLocalStorage<Context> = {
  run: <R>(active: Context, act: () => R): R => context.with(active, act),
  withScope(active: Context): Scope {
    const manager = (context as unknown as Manager)._getContextManager?.();
    return manager?._asyncLocalStorage?.withScope?.(active) ?? { [Symbol.dispose]: () => {} };
  },
} as unknown as AsyncLocalStorage<Context>;
