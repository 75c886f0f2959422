/**
 * The source of a given stream. The source is opened when it is first needed, and is told at most once that
 * no more items are wanted. The source's code can read the context of the stream's call, and runs in the
 * asynchronous context in which the stream was given.
 */
import { AsyncResource } from 'node:async_hooks';
import type { CleanUps } from '../../session/clean-ups.ts';
import { enterContext, leaveContext } from '../api/call-context.ts';
import type { StreamingCall } from './stream-host.ts';
import { ignoreError, isEmitter } from '../sources/stream-kind.ts';
import { BrokenSource, done, openSource, type Source, type Step } from '../sources/stream-source.ts';

export class GivenSource {
  readonly #value: object;
  readonly #call: StreamingCall | undefined;
  readonly #cleanUps: CleanUps;
  /** The context in which the stream was given. */
  readonly #context = new AsyncResource('PIPEWORK_STREAM');
  #source: Source | undefined;
  /** The promise of the source's last step. Undefined before {@link cancel} was called. */
  #ending: Promise<Step> | undefined;

  /**
   * If the stream is in the result of a call, `call` is that call. `cleanUps` gets the promise of the
   * source's clean-up.
   */
  constructor(value: object, call: StreamingCall | undefined, cleanUps: CleanUps) {
    this.#value = value;
    this.#call = call;
    this.#cleanUps = cleanUps;
    // A Node stream may fail before it is read, and an 'error' event without a listener would end the
    // process. The peer gets the error when it reads the stream.
    if (isEmitter(value)) value.on('error', ignoreError);
  }

  /** Runs `act` in the asynchronous context in which the stream was given. */
  runInContext<T>(act: () => T): T {
    return this.#context.runInAsyncScope(act);
  }

  /**
   * Asks the source for the next item. Must be called within {@link runInContext}. This method does not enter
   * the context itself, because entering it for each item would cost time. Throws if the source cannot be
   * opened.
   */
  next(): Step | Promise<Step> {
    if (this.#ending !== undefined) return this.#ending.then(({ value }) => ({ done: true, value }));
    const source = (this.#source ??= this.#open());
    // #inCall() is not used here, because a closure for each item would cost as much as the rest of this
    // method.
    const outer = enterContext(this.#call);
    try {
      return source.next();
    } finally {
      leaveContext(outer);
    }
  }

  /**
   * Throws an error into the source, and returns the source's next step. Returns undefined if the source
   * accepts no errors. Must be called within {@link runInContext}.
   */
  throw(error: unknown): Step | Promise<Step> | undefined {
    const source = (this.#source ??= this.#open());
    return this.#inCall(() => source.throw(error));
  }

  /**
   * Tells the source immediately that no more items are wanted. Resolves with the source's last step. Further
   * calls return the same promise.
   */
  cancel(reason: unknown): Promise<Step> {
    if (this.#ending !== undefined) return this.#ending;
    this.#ending = this.#context.runInAsyncScope(async () => {
      const source = (this.#source ??= this.#open());
      return (await this.#inCall(() => source.cancel(reason))) ?? done;
    });
    this.#cleanUps.add(this.#ending);
    return this.#ending;
  }

  /** Must be called when the source has ended without a {@link cancel}. */
  release(): void {
    this.#source?.release();
    this.leave();
  }

  /**
   * If the stream was not in a result, removes the 'error' listener from its source, because the owner may
   * use the source after this.
   */
  leave(): void {
    if (this.#call === undefined && isEmitter(this.#value)) this.#value.off('error', ignoreError);
  }

  #open(): Source {
    try {
      return this.#inCall(() => openSource(this.#value));
    } catch (error) {
      return new BrokenSource(error);
    }
  }

  /**
   * Runs `act` with the context of the call, so that code before a generator's first `await` or `yield` can
   * ask for this context.
   */
  #inCall<T>(act: () => T): T {
    const outer = enterContext(this.#call);
    try {
      return act();
    } finally {
      leaveContext(outer);
    }
  }
}
