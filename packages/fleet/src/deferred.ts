/** A promise that is settled from outside. */

export interface Deferred {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: Error): void;
}

export function defer(): Deferred {
  let resolve!: () => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<void>((settle, fail) => {
    resolve = settle;
    reject = fail;
  });
  // Its callers hear of a failure from their own copy. There may be no caller to hear this one.
  promise.catch(() => {});
  return { promise, resolve, reject };
}
