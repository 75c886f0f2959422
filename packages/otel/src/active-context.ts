/** Makes an OpenTelemetry context active while a diagnostics channel runs the stores that are bound to it. */
import type { AsyncLocalStorage } from 'node:async_hooks';
import { context, type Context } from '@opentelemetry/api';

/** A scope that was entered without a function. Disposing of it ends the scope. */
interface Scope {
  [Symbol.dispose](): void;
}

/** A part of OpenTelemetry's context manager that is missing in the manager's interface. */
interface Manager {
  _getContextManager?(): { _asyncLocalStorage?: { withScope?(active: Context): Scope } };
}

/**
 * A store for `bindStore()`. OpenTelemetry's own store would be the right one, but it is private, and is
 * replaced once an SDK is registered. A channel calls only `run` of a store, or `withScope` if this version of
 * Node has that method. So an object with these two methods, over the public API, is enough.
 */
export const activeContext: AsyncLocalStorage<Context> = {
  run: <R>(active: Context, act: () => R): R => context.with(active, act),
  withScope(active: Context): Scope {
    const manager = (context as unknown as Manager)._getContextManager?.();
    return manager?._asyncLocalStorage?.withScope?.(active) ?? { [Symbol.dispose]: () => {} };
  },
} as unknown as AsyncLocalStorage<Context>;
