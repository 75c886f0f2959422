/** What a remote method returns: a native promise, which await takes the short way, that can be iterated too. */
import { PipeworkError } from '../errors.ts';

/** Makes the promise of a call iterable, for results that are streams. Returns it. */
export function iterableCall(promise: Promise<unknown>): Promise<unknown> & AsyncIterable<unknown> {
  const call = promise as Promise<unknown> & {
    [Symbol.asyncIterator]: () => AsyncIterator<unknown, unknown>;
  };
  call[Symbol.asyncIterator] = iterateCall;
  return call;
}

function iterateCall(this: Promise<unknown>): AsyncIterator<unknown, unknown> {
  const opened = this.then(iteratorOf);
  // Whoever iterates hears of the failure from next(); the promise itself then counts as handled.
  opened.catch(() => {});
  return {
    next: async (...args) => (await opened).next(...args),
    return: async (value) => {
      const iterator = await opened;
      return iterator.return === undefined ? { done: true, value } : iterator.return(value);
    },
    throw: async (error) => {
      const iterator = await opened;
      if (iterator.throw === undefined) throw error;
      return iterator.throw(error);
    },
  };
}

function iteratorOf(result: unknown): AsyncIterator<unknown, unknown> {
  if (typeof result === 'object' && result !== null) {
    const iterable = result as {
      [Symbol.asyncIterator]?: () => AsyncIterator<unknown>;
      [Symbol.iterator]?: () => Iterator<unknown>;
    };
    const asyncIterator = iterable[Symbol.asyncIterator]?.();
    if (asyncIterator !== undefined) return asyncIterator;
    // A list is as good: a peer without streams answers with one.
    const iterator = iterable[Symbol.iterator]?.();
    if (iterator !== undefined) return toAsync(iterator);
  }
  throw new PipeworkError(
    'RPC_NOT_ITERABLE',
    `The result of the call is ${result === null ? 'null' : typeof result}, which cannot be iterated: await the call instead.`,
  );
}

function toAsync(iterator: Iterator<unknown, unknown>): AsyncIterator<unknown, unknown> {
  return {
    next: async () => iterator.next(),
    return: async (value) => iterator.return?.(value) ?? { done: true, value },
  };
}
