/**
 * Returns a function that calls `make` at its first call only, and then always returns the same result. So
 * several tests look at one run.
 */
export function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
