/** Tells an object that it is not used any more, if it has a method for that. */

/** Calls its `[Symbol.asyncDispose]()`, or else its `[Symbol.dispose]()`. Rejects with what that throws. */
export async function dispose(object: Partial<AsyncDisposable & Disposable>): Promise<void> {
  if (typeof object[Symbol.asyncDispose] === 'function') await object[Symbol.asyncDispose]?.();
  else object[Symbol.dispose]?.();
}
