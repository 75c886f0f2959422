/**
 * Marks a promise as handled and returns it: for a promise that its user may give up before awaiting it, when something else
 * fails first. What failed first is what there is to tell.
 */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
