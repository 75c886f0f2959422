/** A stream whose items are checked as they are taken. */
import { valueRefused } from '../sources/refused-value.ts';
import { done, openSource, type Source, type Step } from '../sources/stream-source.ts';

/**
 * The checks for items and errors of a stream. If a check fails, it rejects with the error that the consumer
 * gets instead of the item.
 */
export interface ItemChecks {
  item(item: unknown): Promise<unknown>;
  /** Resolves to the error that the consumer gets. */
  error(error: unknown): Promise<unknown>;
}

/**
 * The iterator of a checked stream. It is not a generator, because a generator's `return()` waits for the
 * pending `next()`. With a generator, the underlying stream would learn too late that the consumer has left.
 */
export class CheckedItems implements AsyncIterableIterator<unknown, unknown>, AsyncDisposable {
  readonly #stream: object;
  readonly #checks: ItemChecks;
  #source: Source | undefined;
  #hasEnded = false;

  constructor(stream: object, checks: ItemChecks) {
    this.#stream = stream;
    this.#checks = checks;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return(undefined);
  }

  /** Rejects with `MISUSE` if `value` is given, like the stream that is checked. */
  async next(value?: unknown): Promise<Step> {
    if (value !== undefined) throw valueRefused();
    if (this.#hasEnded) return done;
    let step: Step;
    try {
      step = await this.#open().next();
    } catch (error) {
      this.#hasEnded = true;
      throw await this.#checks.error(error);
    }
    return this.#checked(step);
  }

  async return(value?: unknown): Promise<Step> {
    if (this.#hasEnded) return { done: true, value };
    this.#hasEnded = true;
    try {
      await this.#open().cancel(value);
    } catch (error) {
      throw await this.#checks.error(error);
    }
    return { done: true, value };
  }

  async throw(error?: unknown): Promise<Step> {
    if (this.#hasEnded) throw error;
    let step: Step | undefined;
    try {
      step = await this.#open().throw(error);
    } catch (failure) {
      this.#hasEnded = true;
      throw await this.#checks.error(failure);
    }
    if (step !== undefined) return this.#checked(step);
    await this.return(error);
    throw error;
  }

  #open(): Source {
    return (this.#source ??= openSource(this.#stream));
  }

  async #checked(step: Step): Promise<Step> {
    if (step.done === true) {
      this.#hasEnded = true;
      this.#source?.release();
      return done;
    }
    try {
      return { done: false, value: await this.#checks.item(step.value) };
    } catch (error) {
      // An error of `return()` is ignored, because it would hide the error of the check.
      await this.return(error).catch(() => {});
      throw error;
    }
  }
}
