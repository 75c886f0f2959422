/**
 * Fails a test that does not await an asynchronous matcher. Otherwise the test would pass even if the matcher
 * failed, because the result of the matcher would be lost.
 */
import { chai } from 'vitest';
import type { Matchers } from './matchers.ts';

export const asyncMatchers: readonly (keyof Matchers)[] = ['toFailWith', 'toHaveExited', 'toHaveNoLeaks'];

/** The part of Vitest's running test that this module uses. */
interface RunningTask {
  onFinished?: (() => void)[];
}

/** Wraps the matcher `name` from `expect.extend`, so that a test fails if it does not await the matcher. */
export function demandAwait(name: string): void {
  const { util, Assertion } = chai;
  util.overwriteMethod(
    Assertion.prototype,
    name,
    (matcher: (...args: unknown[]) => unknown) =>
      function watched(this: object, ...args: unknown[]): unknown {
        const result = matcher.apply(this, args);
        const task = util.flag(this, 'vitest-test') as RunningTask | undefined;
        if (task === undefined || !(result instanceof Promise)) return result;
        const call = new Error(
          `\`${name}\` was not awaited, so its result is lost. Write: await expect(...).${name}(...)`,
        );
        Error.captureStackTrace(call, watched);
        return noticed(result, (isAwaited) => {
          (task.onFinished ??= []).push(() => {
            if (!isAwaited()) throw call;
          });
        });
      },
  );
}

/**
 * Returns a promise that knows whether it is awaited. A native promise cannot know this, because `await` does
 * not call the `then` of a native promise.
 */
function noticed(promise: Promise<unknown>, watch: (isAwaited: () => boolean) => void): PromiseLike<unknown> {
  let isAwaited = false;
  // If nothing awaits the promise, the caller of `noticed` makes the test fail. Without this handler, the
  // test would also fail for an unhandled rejection.
  promise.catch(() => undefined);
  watch(() => isAwaited);
  const asked = (): Promise<unknown> => {
    isAwaited = true;
    return promise;
  };
  const awaitable: Pick<Promise<unknown>, 'then' | 'catch' | 'finally'> & { [Symbol.toStringTag]: string } = {
    // oxlint-disable-next-line unicorn/no-thenable -- this object exists to be awaited.
    then: (onFulfilled, onRejected) => asked().then(onFulfilled, onRejected),
    catch: (onRejected) => asked().catch(onRejected),
    finally: (onFinally) => asked().finally(onFinally),
    [Symbol.toStringTag]: 'Promise',
  };
  return awaitable;
}
