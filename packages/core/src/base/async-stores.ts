/** Compares the stores (`AsyncLocalStorage`) of two asynchronous contexts. */
import type { AsyncResource } from 'node:async_hooks';
import { types } from 'node:util';

/**
 * True if every `AsyncLocalStorage` has the same store in both contexts. Without a store, all contexts are
 * the same.
 */
export function haveSameStores(one: AsyncResource, other: AsyncResource): boolean {
  const stores = storesOf(one);
  const others = storesOf(other);
  if (stores.size !== others.size) return false;
  for (const [storage, store] of stores) if (!Object.is(others.get(storage), store)) return false;
  return true;
}

/**
 * Node offers no public way to compare contexts. Node 20 and 22 keep each store in a property of the
 * resource. Node 24 keeps one map of all stores in a property. The keys of these properties are symbols.
 */
function storesOf(resource: AsyncResource): Map<unknown, unknown> {
  const stores = new Map<unknown, unknown>();
  const set = (storage: unknown, store: unknown): void => {
    if (store !== undefined) stores.set(storage, store);
  };
  for (const symbol of Object.getOwnPropertySymbols(resource)) {
    const value = (resource as unknown as Record<symbol, unknown>)[symbol];
    if (symbol.description?.endsWith('async_id_symbol') === true) continue;
    // This map has a prototype of its own, which does not inherit from `Map.prototype`.
    if (symbol.description === 'context_frame' && types.isMap(value))
      Map.prototype.forEach.call(value, (store, storage) => set(storage, store));
    else set(symbol, value);
  }
  return stores;
}
