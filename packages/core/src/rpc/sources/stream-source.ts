/**
 * One interface to every kind of stream. The interface reads the items, and can tell the stream that no more
 * items are wanted, even while an item is pending.
 */
import { isError } from '../../base/realm.ts';
import { iterableKind } from './stream-kind.ts';

export type Step = IteratorResult<unknown, unknown>;

/** The iterator result of a source that has ended and returned nothing. */
export const done: Step = { done: true, value: undefined };

/** Reads the items of a stream of any kind, one after another. */
export interface Source {
  next(): Step | Promise<Step>;
  /**
   * Tells the source that no more items are wanted, even while a call of `next()` is pending. Resolves with
   * the source's last step after the source's clean-up has run.
   */
  cancel(reason: unknown): Step | Promise<Step>;
  /**
   * Throws an error into the source, and returns the source's next step. Returns undefined if the source
   * accepts no errors.
   */
  throw(error: unknown): Step | Promise<Step> | undefined;
  /** Must be called when `next()` has reported the end of the source. */
  release(): void;
}

/** Makes the source of a value that `isIterableValue` accepts. */
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

/** Replaces a source that could not be opened. Each call of `next()` throws the error. */
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
 * Reads a web stream by the stream's reader. The stream's iterator is not used, because the iterator's
 * `return()` would wait for a pending `next()`.
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
 * Reads a Node stream by its iterator. The stream is cancelled by `destroy()`, because the iterator's
 * `return()` would wait for a pending `next()`.
 */
class NodeSource extends IteratorSource {
  readonly #stream: Destroyable;
  #isCancelled = false;

  constructor(stream: NodeJS.ReadableStream & Destroyable) {
    super(iteratorOf(stream));
    this.#stream = stream;
  }

  /**
   * If the stream is cancelled while this call is pending, the call does not reject. It resolves with `done`.
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
    // The iterator's `return()` removes the iterator's listeners from the stream. This `return()` may reject,
    // because the stream was destroyed.
    void Promise.resolve(super.cancel(undefined)).catch(() => {});
    return { done: true, value: reason };
  }

  override throw(): undefined {
    return undefined;
  }
}

/** Returns true if a source has returned a promise of its step. */
export function isPromise(value: Step | Promise<Step>): value is Promise<Step> {
  return typeof (value as { then?: unknown }).then === 'function';
}
