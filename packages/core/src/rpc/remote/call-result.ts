/**
 * The return value of a remote method: a native promise that can also be iterated. The promise is native,
 * because `await` is fastest with native promises.
 */
import { PipeworkError } from '../../base/errors.ts';
import { iterableKind } from '../sources/stream-kind.ts';
import { valueRefused } from '../sources/refused-value.ts';
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
 * Rejects with `error`, and adds the code that awaits the call to the error's stack. V8 adds the awaiting
 * code to a stack only if the stack is captured inside an async function. V8 finds that code through the
 * promise that `failed()` returns. So settle the caller's promise by `failed(error).then(resolve, reject)`.
 * Calls that succeed cost nothing extra.
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
  // A caller that iterates gets the error from next(), so a rejection of `opened` must not be reported as
  // unhandled.
  opened.catch(() => {});
  return {
    // After the call was answered, `next()` returns the promise of the result's own iterator. Another promise
    // for each item would cost as much as the item.
    next: (...args) =>
      iterator === undefined ? opened.then((it) => it.next(...args)) : iterator.next(...args),
    // A consumer that leaves does not wait for the answer. If the answer brings a stream, the stream's
    // `return()` is called when the answer arrives.
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
    // The iterators of web streams and Node streams are not used, because their return() waits for the
    // pending next().
    if (iterableKind(result) !== 'iterable') return iteratorOver(openSource(result));
    const iterable = result as {
      [Symbol.asyncIterator]?: () => AsyncIterator<unknown>;
      [Symbol.iterator]?: () => Iterator<unknown>;
    };
    const asyncIterator = iterable[Symbol.asyncIterator]?.();
    if (asyncIterator !== undefined) return asyncIterator;
    // A list is accepted too, because a peer without streams answers with a list.
    const iterator = iterable[Symbol.iterator]?.();
    if (iterator !== undefined) return toAsync(iterator);
  }
  throw new PipeworkError(
    'RPC_NOT_ITERABLE',
    `the result of the call is ${result === null ? 'null' : typeof result}, which cannot be iterated: await the call instead`,
  );
}

function toAsync(iterator: Iterator<unknown, unknown>): AsyncIterator<unknown, unknown> {
  return iteratorBy(
    () => iterator.next(),
    (value) => iterator.return?.(value) ?? { done: true, value },
  );
}

function iteratorOver(source: Source): AsyncIterator<unknown, unknown> {
  return iteratorBy(
    () => source.next(),
    (value) => source.cancel(value),
  );
}

type Result = IteratorResult<unknown, unknown>;

/** Makes an iterator of its two functions. The iterator refuses `next(value)`. */
function iteratorBy(
  next: () => Result | Promise<Result>,
  end: (value: unknown) => Result | Promise<Result>,
): AsyncIterator<unknown, unknown> {
  return {
    next: async (value?: unknown) => {
      if (value !== undefined) throw valueRefused();
      return next();
    },
    return: async (value) => end(value),
  };
}
