/** Decides which values can be sent as a stream, and which kind of stream the peer gets. */

export type StreamKind = 'iterable' | 'webStream' | 'readable' | 'objectReadable';

/**
 * Returns true for a value that is sent as a stream: an async iterable, a readable stream, or an iterator
 * that can be iterated, for instance a generator.
 */
export function isIterableValue(value: object): boolean {
  const candidate = value as {
    [Symbol.asyncIterator]?: unknown;
    [Symbol.iterator]?: unknown;
    next?: unknown;
  };
  if (typeof candidate[Symbol.asyncIterator] === 'function') return true;
  return typeof candidate.next === 'function' && typeof candidate[Symbol.iterator] === 'function';
}

/**
 * Returns the kind of stream that the peer gets for a value. The kind is detected by the value's properties,
 * because a use of the global ReadableStream would load web streams into every plugin.
 */
export function iterableKind(value: object): StreamKind {
  const candidate = value as {
    getReader?: unknown;
    pipe?: unknown;
    readableObjectMode?: unknown;
    readableEncoding?: unknown;
  };
  if (typeof candidate.getReader === 'function') return 'webStream';
  if (typeof candidate.pipe !== 'function') return 'iterable';
  // A stream with an encoding gives chunks of text.
  const isBytes = candidate.readableObjectMode !== true && (candidate.readableEncoding ?? null) === null;
  return isBytes ? 'readable' : 'objectReadable';
}

interface Emitter {
  on(event: 'error', listener: () => void): void;
  off(event: 'error', listener: () => void): void;
}

/** Returns true for a Node stream. A Node stream reports its failure by an 'error' event. */
export function isEmitter(value: object): value is Emitter {
  const candidate = value as { on?: unknown; off?: unknown; pipe?: unknown };
  return (
    typeof candidate.on === 'function' &&
    typeof candidate.off === 'function' &&
    typeof candidate.pipe === 'function'
  );
}

/** A listener that ignores an 'error' event. */
export const ignoreError = (): void => {
  // The stream's iterator throws the error.
};
