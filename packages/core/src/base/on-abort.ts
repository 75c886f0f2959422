/**
 * Listens to abort signals. Each signal gets one listener, however many clients and calls share the signal,
 * because Node warns of a leak at the eleventh listener.
 */

interface Hub {
  readonly callbacks: Set<() => void>;
  readonly listener: () => void;
}

const hubs = new WeakMap<AbortSignal, Hub>();

/**
 * Calls `callback` when `signal` aborts. `callback` must not throw. Returns a function that removes the
 * callback.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  // Each call adds a new entry, so a callback that is passed twice is called twice.
  const entry = (): void => callback();
  const hub = hubs.get(signal) ?? listenTo(signal);
  hub.callbacks.add(entry);
  return () => {
    if (!hub.callbacks.delete(entry) || hub.callbacks.size > 0) return;
    signal.removeEventListener('abort', hub.listener);
    if (hubs.get(signal) === hub) hubs.delete(signal);
  };
}

function listenTo(signal: AbortSignal): Hub {
  const callbacks = new Set<() => void>();
  const listener = (): void => {
    hubs.delete(signal);
    const waiting = [...callbacks];
    callbacks.clear();
    for (const callback of waiting) callback();
  };
  const hub = { callbacks, listener };
  hubs.set(signal, hub);
  signal.addEventListener('abort', listener, { once: true });
  return hub;
}
