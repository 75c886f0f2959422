/**
 * The listeners of a signal that came in a result or in an item. Several requests may get the same signal, so
 * each listener runs in the asynchronous context in which it was added.
 */
import { AsyncResource } from 'node:async_hooks';
import { isObject } from './held-by.ts';

type Handler = (event: Event) => void;
type ListenerObject = { handleEvent(event: Event): void };
type Listener = Handler | ListenerObject | null;
type Options = Parameters<AbortSignal['addEventListener']>[2] | null;

/** A listener under the type and the phase for which it was added. */
interface Added {
  /** The function that the signal calls instead of the listener. */
  readonly run: Handler;
  /** The `signal` option of the addition. The listener is removed when this signal aborts. */
  readonly until: AbortSignal | undefined;
}

/**
 * Makes each listener that is added to `signal` run in the asynchronous context in which it was added. Calls
 * `onRead` when `signal.aborted` is read, because `AbortSignal.any()` reads this property, and adds no
 * listener.
 */
export function bindListeners(signal: AbortSignal, onRead: () => void): void {
  const prototype = Object.getPrototypeOf(signal) as AbortSignal;
  const { addEventListener, removeEventListener } = prototype;
  const listeners = new AddedListeners();
  let onabort: Listener = null;
  const properties = {
    addEventListener: {
      value(type: string, listener: Listener, options?: Options) {
        const run = isObject(listener) ? listeners.add(type, listener, options) : listener;
        Reflect.apply(addEventListener, signal, [type, run, options]);
      },
    },
    removeEventListener: {
      value(type: string, listener: Listener, options?: Options) {
        const run = isObject(listener) ? listeners.remove(type, listener, options) : listener;
        // Node's own function ignores `true` in place of an object.
        Reflect.apply(removeEventListener, signal, [type, run, { capture: isCapture(options) }]);
      },
    },
    onabort: {
      get: () => onabort,
      set(listener: Listener) {
        onabort = listener;
        Reflect.set(prototype, 'onabort', isObject(listener) ? bind(listener) : listener, signal);
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

/** The functions that stand for the listeners of one signal. */
class AddedListeners {
  readonly #byListener = new WeakMap<object, Map<string, Added>>();

  /**
   * Returns the function that stands for the listener. If the listener is there already, this is the function
   * of its first addition, because a signal ignores a second addition.
   */
  add(type: string, listener: Handler | ListenerObject, options: Options): Handler {
    const added = this.#byListener.get(listener) ?? new Map<string, Added>();
    this.#byListener.set(listener, added);
    const key = keyOf(type, options);
    const known = added.get(key);
    if (known !== undefined && known.until?.aborted !== true) return known.run;
    const { once, signal } = typeof options === 'object' && options !== null ? options : {};
    const run = bind(listener, once ? () => added.delete(key) : undefined);
    added.set(key, { run, until: signal });
    return run;
  }

  /** Forgets the listener, and returns the function that stands for it. */
  remove(type: string, listener: Handler | ListenerObject, options: Options): Handler | ListenerObject {
    const added = this.#byListener.get(listener);
    const key = keyOf(type, options);
    const run = added?.get(key)?.run;
    added?.delete(key);
    // To apply the `signal` option, the signal itself removes the function.
    return run ?? listener;
  }
}

function keyOf(type: string, options: Options): string {
  return `${isCapture(options) ? 'capture' : 'bubble'} ${type}`;
}

function isCapture(options: Options): boolean {
  return typeof options === 'object' ? Boolean(options?.capture) : options === true;
}

/** Returns a function that calls `before` and then the listener, in the current context. */
function bind(listener: Handler | ListenerObject, before?: () => void): Handler {
  return AsyncResource.bind(function (this: unknown, event: Event): void {
    before?.();
    if (typeof listener === 'function') listener.call(this as AbortSignal, event);
    else listener.handleEvent(event);
  });
}
