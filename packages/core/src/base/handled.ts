/**
 * Marks a promise as handled, and returns it. If something else fails before the promise is awaited, the
 * promise's rejection is not reported as unhandled.
 */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
