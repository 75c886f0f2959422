/**
 * Marks a promise as handled and returns it. It is for a promise that its user may abandon before awaiting
 * it, because something else failed first. That first failure is the one to report.
 */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
