/**
 * The listeners of a signal that came in a result or in an item. Several requests may get the same signal, so
 * each listener runs in the asynchronous context in which it was added.
 */
import { AsyncResource } from 'node:async_hooks';
import { isObject } from './held-by.ts';

type Handler = (event: Event) => void;
type Listener = Handler | { handleEvent(event: Event): void } | null;

/**
 * Makes each listener that is added to `signal` run in the asynchronous context in which it was added. Calls
 * `onRead` when `signal.aborted` is read, because `AbortSignal.any()` reads this property, and adds no
 * listener.
 */
export function bindListeners(signal: AbortSignal, onRead: () => void): void {
  const prototype = Object.getPrototypeOf(signal) as AbortSignal;
  const { addEventListener, removeEventListener } = prototype;
  const bound = new WeakMap<object, Handler>();
  let onabort: Listener = null;
  const properties = {
    addEventListener: {
      value(type: string, listener: Listener, ...options: unknown[]) {
        Reflect.apply(addEventListener, signal, [type, boundOf(listener, bound), ...options]);
      },
    },
    removeEventListener: {
      value(type: string, listener: Listener, ...options: unknown[]) {
        const added = isObject(listener) ? (bound.get(listener) ?? listener) : listener;
        if (isObject(listener)) bound.delete(listener);
        Reflect.apply(removeEventListener, signal, [type, added, ...options]);
      },
    },
    onabort: {
      get: () => onabort,
      set(listener: Listener) {
        onabort = listener;
        Reflect.set(prototype, 'onabort', boundOf(listener, new WeakMap()), signal);
      },
    },
    aborted: {
      get() {
        onRead();
        return Reflect.get(prototype, 'aborted', signal) as unknown;
      },
    },
  };
  for (const [name, property] of Object.entries(properties))
    Object.defineProperty(signal, name, { ...property, configurable: true });
}

/** Returns the function that stands for a listener, and that runs it in the context of its first addition. */
function boundOf(listener: Listener, bound: WeakMap<object, Handler>): Listener {
  if (!isObject(listener)) return listener;
  const known = bound.get(listener);
  if (known !== undefined) return known;
  const made = AsyncResource.bind(function (this: unknown, event: Event): void {
    if (typeof listener === 'function') listener.call(this as AbortSignal, event);
    else listener.handleEvent(event);
  });
  bound.set(listener, made);
  return made;
}
