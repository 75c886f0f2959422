/** What can be given out as a stream: how it is told from other values, and how it is asked for its items. */

export type StreamKind = 'iterable' | 'webStream' | 'readable' | 'objectReadable';

export type Step = IteratorResult<unknown, unknown>;
export interface Source {
  next(): Step | Promise<Step>;
  return?(value?: unknown): Step | Promise<Step>;
  throw?(error: unknown): Step | Promise<Step>;
}

/** Whether a value travels as a stream: async iterables, readable streams, and iterators such as a generator's. */
export function isIterableValue(value: object): boolean {
  const candidate = value as {
    [Symbol.asyncIterator]?: unknown;
    [Symbol.iterator]?: unknown;
    next?: unknown;
  };
  if (typeof candidate[Symbol.asyncIterator] === 'function') return true;
  return typeof candidate.next === 'function' && typeof candidate[Symbol.iterator] === 'function';
}

/** What the peer gets for it. Told by shape: naming the ReadableStream global would load web streams into every plugin. */
export function iterableKind(value: object): StreamKind {
  const candidate = value as {
    getReader?: unknown;
    pipe?: unknown;
    readableObjectMode?: unknown;
    readableEncoding?: unknown;
  };
  if (typeof candidate.getReader === 'function') return 'webStream';
  if (typeof candidate.pipe !== 'function') return 'iterable';
  // With an encoding its chunks are text.
  const isBytes = candidate.readableObjectMode !== true && (candidate.readableEncoding ?? null) === null;
  return isBytes ? 'readable' : 'objectReadable';
}

/** The iterator of a value that {@link isIterableValue} knows. */
export function sourceOf(value: object): Source {
  const iterable = value as Partial<AsyncIterable<unknown> & Iterable<unknown>>;
  return (iterable[Symbol.asyncIterator]?.() ?? iterable[Symbol.iterator]?.()) as Source;
}

interface Emitter {
  on(event: 'error', listener: () => void): void;
  off(event: 'error', listener: () => void): void;
}

/** Whether a value is a Node stream, which fails by an event. */
export function isEmitter(value: object): value is Emitter {
  const candidate = value as { on?: unknown; off?: unknown; pipe?: unknown };
  return (
    typeof candidate.on === 'function' &&
    typeof candidate.off === 'function' &&
    typeof candidate.pipe === 'function'
  );
}

/** A listener for it. */
export const ignoreError = (): void => {
  // The stream's iterator throws it.
};

/** Whether a source answers later. */
export function isPromise(value: Step | Promise<Step>): value is Promise<Step> {
  return typeof (value as { then?: unknown }).then === 'function';
}
