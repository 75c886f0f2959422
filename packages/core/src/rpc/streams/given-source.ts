/**
 * The source of a given stream. This file opens the source when it is first needed, and tells it at most once
 * that no more items are wanted. The source's code runs as part of the stream's call, and in the asynchronous
 * context in which the stream was given.
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
  /** The source's last step, once the source was told that no more items are wanted. */
  #ending: Promise<Step> | undefined;

  /**
   * If the stream is in the result of a call, `call` is that call. `cleanUps` counts the clean-up code that
   * runs after the end.
   */
  constructor(value: object, call: StreamingCall | undefined, cleanUps: CleanUps) {
    this.#value = value;
    this.#call = call;
    this.#cleanUps = cleanUps;
    // A Node stream may fail before it is read. The peer gets the error when it reads.
    if (isEmitter(value)) value.on('error', ignoreError);
  }

  /** Runs `act`, and what it awaits, in the asynchronous context in which the stream was given. */
  runInContext<T>(act: () => T): T {
    return this.#context.runInAsyncScope(act);
  }

  /**
   * Asks for the next item. Call it within {@link runInContext}, because entering the context for each item
   * would cost time. Also throws if the source cannot be opened.
   */
  next(): Step | Promise<Step> {
    if (this.#ending !== undefined) return this.#ending.then(({ value }) => ({ done: true, value }));
    const source = (this.#source ??= this.#open());
    // This does not use inCall(), because a closure for each item would cost as much as the rest.
    const outer = enterContext(this.#call);
    try {
      return source.next();
    } finally {
      leaveContext(outer);
    }
  }

  /**
   * Throws into the source; undefined if the source accepts no errors. Call it within {@link runInContext}.
   */
  throw(error: unknown): Step | Promise<Step> | undefined {
    const source = (this.#source ??= this.#open());
    return this.#inCall(() => source.throw(error));
  }

  /**
   * Tells the source at once that no more items are wanted. Resolves with its last step. Further calls
   * resolve with the same step.
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

  /** The source has ended by itself. */
  release(): void {
    this.#source?.release();
    this.leave();
  }

  /** Removes our listener from the source, which stays with its owner. */
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
   * Runs `act` as part of the call. So code at the top of a generator can ask for the context of its call.
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
