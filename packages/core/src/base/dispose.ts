/** Disposes of an object that is no longer used, if it has a method for that. */

/**
 * Calls the object's `[Symbol.asyncDispose]()`, or else its `[Symbol.dispose]()`. Rejects with the error that
 * the method throws.
 */
export async function dispose(object: Partial<AsyncDisposable & Disposable>): Promise<void> {
  if (typeof object[Symbol.asyncDispose] === 'function') await object[Symbol.asyncDispose]?.();
  else object[Symbol.dispose]?.();
}
