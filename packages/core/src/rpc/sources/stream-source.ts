/**
 * One interface to every kind of stream. The interface reads the items, and can tell the stream at once that
 * no more items are wanted.
 */
import { types } from 'node:util';
import { iterableKind } from './stream-kind.ts';

export type Step = IteratorResult<unknown, unknown>;

/** The iterator result of a source that has ended and returned nothing. */
export const done: Step = { done: true, value: undefined };

/** The items of a stream, one after another, whatever kind of stream it is. */
export interface Source {
  next(): Step | Promise<Step>;
  /**
   * Tells the source that no more items are wanted. Does so at once, even while an item is being asked for.
   * Resolves with the source's last step once its clean-up has run.
   */
  cancel(reason: unknown): Step | Promise<Step>;
  /** Throws into the source; undefined if the source accepts no errors. */
  throw(error: unknown): Step | Promise<Step> | undefined;
  /** Releases a source that has ended by itself. */
  release(): void;
}

/** Opens the source behind a value that `isIterableValue` accepts. */
export function openSource(value: object): Source {
  switch (iterableKind(value)) {
    case 'webStream':
      return new WebSource(value as ReadableStream<unknown>);
    case 'iterable':
      return new IteratorSource(iteratorOf(value));
    default:
      return new NodeSource(value as NodeJS.ReadableStream & Destroyable);
  }
}

/** A source that could not be opened. The source fails when it is asked for its first item. */
export class BrokenSource implements Source {
  readonly #error: unknown;

  constructor(error: unknown) {
    this.#error = error;
  }

  next(): never {
    throw this.#error;
  }

  cancel(reason: unknown): Step {
    return { done: true, value: reason };
  }

  throw(): undefined {
    return undefined;
  }

  release(): void {}
}

interface AnyIterator {
  next(): Step | Promise<Step>;
  return?(value?: unknown): Step | Promise<Step>;
  throw?(error: unknown): Step | Promise<Step>;
}

function iteratorOf(value: object): AnyIterator {
  const iterable = value as Partial<AsyncIterable<unknown> & Iterable<unknown>>;
  return (iterable[Symbol.asyncIterator]?.() ?? iterable[Symbol.iterator]?.()) as AnyIterator;
}

class IteratorSource implements Source {
  readonly #iterator: AnyIterator;

  constructor(iterator: AnyIterator) {
    this.#iterator = iterator;
  }

  next(): Step | Promise<Step> {
    return this.#iterator.next();
  }

  cancel(reason: unknown): Step | Promise<Step> {
    return this.#iterator.return?.(reason) ?? { done: true, value: reason };
  }

  throw(error: unknown): Step | Promise<Step> | undefined {
    return this.#iterator.throw?.(error);
  }

  release(): void {}
}

/**
 * A web stream, read by a reader of its own. This class does not use the stream's iterator, because that
 * iterator's `return()` would wait for the item that was asked for.
 */
class WebSource implements Source {
  readonly #reader: ReadableStreamDefaultReader<unknown>;
  #isCancelled = false;

  constructor(stream: ReadableStream<unknown>) {
    this.#reader = stream.getReader();
  }

  next(): Promise<Step> {
    return this.#isCancelled ? Promise.resolve(done) : this.#reader.read();
  }

  async cancel(reason: unknown): Promise<Step> {
    this.#isCancelled = true;
    const cancelled = this.#reader.cancel(reason);
    this.#reader.releaseLock();
    await cancelled;
    return { done: true, value: reason };
  }

  throw(): undefined {
    return undefined;
  }

  release(): void {
    this.#reader.releaseLock();
  }
}

interface Destroyable {
  destroy?(error?: Error): unknown;
}

/**
 * A Node stream, read by its iterator. This class cancels the stream by `destroy()`, because the iterator's
 * `return()` would wait for the item that was asked for.
 */
class NodeSource extends IteratorSource {
  readonly #stream: Destroyable;
  #isCancelled = false;

  constructor(stream: NodeJS.ReadableStream & Destroyable) {
    super(iteratorOf(stream));
    this.#stream = stream;
  }

  /**
   * If an item was being asked for when the stream was cancelled, that request does not fail. The request
   * reports that the stream has ended.
   */
  override async next(): Promise<Step> {
    try {
      return await super.next();
    } catch (error) {
      if (this.#isCancelled) return done;
      throw error;
    }
  }

  override async cancel(reason: unknown): Promise<Step> {
    this.#isCancelled = true;
    this.#stream.destroy?.(isError(reason) ? reason : undefined);
    // Removes the iterator's listeners from the stream. The iterator's failure is expected, because the
    // stream was destroyed.
    void Promise.resolve(super.cancel(undefined)).catch(() => {});
    return { done: true, value: reason };
  }

  override throw(): undefined {
    return undefined;
  }
}

function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

/** True if the source answers asynchronously. */
export function isPromise(value: Step | Promise<Step>): value is Promise<Step> {
  return typeof (value as { then?: unknown }).then === 'function';
}
