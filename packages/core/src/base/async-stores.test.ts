import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { expect, test } from 'vitest';
import { haveSameStores } from './async-stores.ts';

const storage = new AsyncLocalStorage<unknown>();
const other = new AsyncLocalStorage<unknown>();
const contextIn = (store: unknown, otherStore: unknown): AsyncResource =>
  storage.run(store, () => other.run(otherStore, () => new AsyncResource('TEST')));

test('contexts without a store are the same', () => {
  expect(haveSameStores(new AsyncResource('ONE'), new AsyncResource('OTHER'))).toBe(true);
  expect(haveSameStores(new AsyncResource('ONE'), contextIn(undefined, undefined))).toBe(true);
});

test('contexts are the same if every storage has the same store in them', () => {
  const store = {};
  expect(haveSameStores(contextIn(store, 1), contextIn(store, 1))).toBe(true);
});

test.each([
  [contextIn({}, 1), contextIn({}, 1)],
  [contextIn(new Map(), 1), contextIn(new Map(), 1)],
  [contextIn('a', 1), contextIn('a', 2)],
  [contextIn('a', undefined), contextIn(undefined, 'a')],
  [contextIn('a', 1), new AsyncResource('TEST')],
])('contexts differ if a storage has another store in them', (one, another) => {
  expect(haveSameStores(one, another)).toBe(false);
  expect(haveSameStores(another, one)).toBe(false);
});
