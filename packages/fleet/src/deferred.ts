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
  // If nothing awaits this promise, its rejection must not count as unhandled.
  promise.catch(() => {});
  return { promise, resolve, reject };
}
