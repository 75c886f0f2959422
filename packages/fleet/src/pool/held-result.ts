/**
 * Keeps a call's place in its process until the result is over. A result that is a stream is over when the
 * stream ends.
 */

/**
 * Calls `release` exactly once, as soon as the result is over. Returns the result. For a stream, returns a
 * stand-in that the user reads instead, because only the reader of a stream sees its end.
 */
export function heldUntilOver(result: unknown, release: () => void): unknown {
  if (isReadableStream(result)) return heldReadable(result, release);
  if (isAsyncIterator(result)) return heldIterator(result, release);
  release();
  return result;
}

/** True for a web stream. In some test environments there is no global ReadableStream to compare with. */
function isReadableStream(value: unknown): value is ReadableStream<unknown> {
  return Object.prototype.toString.call(value) === '[object ReadableStream]';
}

type AnyIterator = AsyncIterator<unknown, unknown, unknown> & AsyncIterable<unknown> & AsyncDisposable;

function isAsyncIterator(value: unknown): value is AnyIterator {
  if (typeof value !== 'object' || value === null) return false;
  const { next } = value as Partial<AnyIterator>;
  return Symbol.asyncIterator in value && typeof next === 'function';
}

function heldIterator(source: AnyIterator, release: () => void): AnyIterator {
  const step = async (
    call: Promise<IteratorResult<unknown, unknown>>,
  ): Promise<IteratorResult<unknown, unknown>> => {
    try {
      const result = await call;
      if (result.done === true) release();
      return result;
    } catch (error) {
      release();
      throw error;
    }
  };
  const leave = (value?: unknown): Promise<IteratorResult<unknown, unknown>> =>
    source.return === undefined
      ? step(Promise.resolve({ done: true, value }))
      : step(source.return(value)).finally(release);
  return {
    next: (...args) => step(source.next(...args)),
    return: leave,
    throw: (error) =>
      source.throw === undefined ? step(Promise.reject(error as Error)) : step(source.throw(error)),
    async [Symbol.asyncDispose]() {
      await leave();
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function heldReadable(source: ReadableStream<unknown>, release: () => void): ReadableStream<unknown> {
  const reader = source.getReader();
  const { ReadableStream } = process.getBuiltinModule('node:stream/web');
  return new ReadableStream<unknown>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) return controller.enqueue(value);
          release();
          controller.close();
        } catch (error) {
          release();
          controller.error(error);
        }
      },
      async cancel(reason) {
        release();
        await reader.cancel(reason);
      },
    },
    // The stand-in reads no item before the user asks for one.
    { highWaterMark: 0 },
  );
}
