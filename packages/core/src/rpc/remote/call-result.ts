/**
 * What a remote method returns: a native promise that can also be iterated. `await` handles native promises
 * fastest.
 */
import { PipeworkError } from '../../base/errors.ts';
import { iterableKind } from '../sources/stream-kind.ts';
import { openSource, type Source } from '../sources/stream-source.ts';
import { placeStack } from '../values/error-stack.ts';

/** Makes the promise of a call iterable, for results that are streams. Returns the same promise. */
export function callResult(promise: Promise<unknown>): Promise<unknown> & AsyncIterable<unknown> {
  const call = promise as Promise<unknown> & {
    [Symbol.asyncIterator]: () => AsyncIterator<unknown, unknown>;
  };
  call[Symbol.asyncIterator] = iterateCall;
  return call;
}

/**
 * Fails with an error whose stack shows the waiting caller. V8 finds the waiting caller only if the error's
 * stack is made within an async function, and only through the promise that this function settles. So use
 * `failed(error).then(resolve, reject)`, with the functions of the awaited promise. Calls that succeed pay
 * nothing for this.
 */
export async function failed(error: unknown): Promise<never> {
  await Promise.resolve();
  placeStack(error, failed);
  throw error;
}

function iterateCall(this: Promise<unknown>): AsyncIterator<unknown, unknown> {
  let iterator: AsyncIterator<unknown, unknown> | undefined;
  /** Set if the consumer left before the call was answered. */
  let left: { readonly value: unknown } | undefined;
  const opened = this.then((result) => {
    iterator = iteratorOf(result);
    if (left !== undefined) void iterator.return?.(left.value).catch(() => {});
    return iterator;
  });
  // A caller that iterates gets the failure from next(), so the promise itself must count as handled.
  opened.catch(() => {});
  return {
    // Once the stream is open, the iterator's own promise is returned. Another promise for each item would
    // cost as much as the item.
    next: (...args) =>
      iterator === undefined ? opened.then((it) => it.next(...args)) : iterator.next(...args),
    // A consumer that leaves does not wait for the answer. If the answer brings a stream, the stream's
    // `return()` is called once it has arrived.
    return: async (value) => {
      if (iterator !== undefined) return iterator.return?.(value) ?? { done: true, value };
      left ??= { value };
      return { done: true, value };
    },
    throw: async (error) => {
      const it = await opened;
      if (it.throw === undefined) throw error;
      return it.throw(error);
    },
  };
}

function iteratorOf(result: unknown): AsyncIterator<unknown, unknown> {
  if (typeof result === 'object' && result !== null) {
    // Do not use the iterator that a web stream or a Node stream has itself, because its return() waits for
    // the item that was asked for.
    if (iterableKind(result) !== 'iterable') return iteratorOver(openSource(result));
    const iterable = result as {
      [Symbol.asyncIterator]?: () => AsyncIterator<unknown>;
      [Symbol.iterator]?: () => Iterator<unknown>;
    };
    const asyncIterator = iterable[Symbol.asyncIterator]?.();
    if (asyncIterator !== undefined) return asyncIterator;
    // A list is accepted too, because a peer without streams answers with one.
    const iterator = iterable[Symbol.iterator]?.();
    if (iterator !== undefined) return toAsync(iterator);
  }
  throw new PipeworkError(
    'RPC_NOT_ITERABLE',
    `the result of the call is ${result === null ? 'null' : typeof result}, which cannot be iterated: await the call instead`,
  );
}

function toAsync(iterator: Iterator<unknown, unknown>): AsyncIterator<unknown, unknown> {
  return {
    next: async () => iterator.next(),
    return: async (value) => iterator.return?.(value) ?? { done: true, value },
  };
}

function iteratorOver(source: Source): AsyncIterator<unknown, unknown> {
  return {
    next: async () => source.next(),
    return: async (value) => source.cancel(value),
  };
}
