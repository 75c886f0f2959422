// The functions that every peer's child serves. Each adapter gives these functions the form that its library
// needs.
import { item } from './values.mjs';

export const add = (a, b) => a + b;
export const records = (list) => list;
export const bytes = (value) => value;

export const CALLBACKS_IN_FLIGHT = 64;
export const ITEMS_A_TURN = 500;

/**
 * Calls `emit` with `count` items. Only 500 items are made in each turn of the event loop, so that a queue
 * never holds all of them.
 */
export async function produce(count, emit) {
  for (let i = 0; i < count; i++) {
    emit(item(i));
    if (i % ITEMS_A_TURN === ITEMS_A_TURN - 1) await nextTurn();
  }
}

/**
 * Calls `call(i)` for each `i` from 0 to `count - 1`, with many calls in flight. Returns the sum of the
 * results.
 */
export async function callBack(count, call) {
  let next = 0;
  let sum = 0;
  const lane = async () => {
    while (next < count) {
      const value = await call(next++);
      sum += value;
    }
  };
  await Promise.all(Array.from({ length: CALLBACKS_IN_FLIGHT }, lane));
  return sum;
}

export const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
