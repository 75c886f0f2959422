/**
 * Marks a promise as handled and returns it. Use it for a promise that is perhaps never awaited, because
 * something else failed first. Only the first failure is then reported.
 */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
