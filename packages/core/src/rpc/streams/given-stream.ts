/**
 * A stream that this side gave to the peer. After the peer has dialled the stream's id, the items are sent as
 * fast as the peer's window allows.
 */
import type { RawStream, RawStreamHandler } from '@pipework/mux/lean';
import { afterPatience } from '../../base/timers.ts';
import type { Waiter } from '../../session/broker.ts';
import { explained, streamLost } from '../../session/loss.ts';
import { endStreamTrace, type StreamTrace, traceStream } from '../api/instrumentation.ts';
import type { GivenOwner, StreamHost, StreamingCall } from './stream-host.ts';
import type { MessageReader } from '../wire/message-reader.ts';
import { GivenSource } from './given-source.ts';
import { ItemWriter } from './item-writer.ts';
import { callAborted, isReaderGone, readerGone } from './stream-ends.ts';
import { consumed, produced } from './stream-protocol.ts';
import { isPromise, type Step } from '../sources/stream-source.ts';

// If the reader leaves while the source is producing an item, the source has this many milliseconds to end.
// After that, the reader's stream ends without waiting for the source.
const returnPatienceMs = 100;

/** The objects that a stream has after the peer has dialled it. */
interface Dialled {
  readonly raw: RawStream;
  readonly reader: MessageReader;
  readonly writer: ItemWriter;
  readonly trace: StreamTrace | undefined;
  /** True while a call of the source's `next()` is pending. */
  isAsked: boolean;
}

type State =
  /** The peer has not dialled. The source is not opened. */
  | { readonly is: 'waiting' }
  /** The peer reads. */
  | { readonly is: 'open'; readonly on: Dialled }
  /**
   * This side is leaving, and has told the source to end. The remaining items are sent. The end is not sent,
   * because the peer would then regard the stream as complete.
   */
  | { readonly is: 'leaving'; readonly on: Dialled }
  /** The peer takes no more items. The source's clean-up runs, and the source's last step will be sent. */
  | { readonly is: 'returning'; readonly on: Dialled }
  /** The stream neither reads nor writes any more. */
  | { readonly is: 'ended' };

export class GivenStream implements RawStreamHandler {
  /** The broker id that the peer dials. */
  readonly id: number;
  readonly #host: StreamHost;
  readonly #owner: GivenOwner;
  readonly #call: StreamingCall | undefined;
  readonly #source: GivenSource;
  readonly #onEnd: () => void;
  /** Waits for the peer to dial. */
  readonly #waiter: Waiter = {
    resolve: (raw) => this.#start(raw),
    reject: (error) => this.drop(error),
  };
  #state: State = { is: 'waiting' };

  /**
   * `owner` is the call that the stream belongs to. `onEnd` is called once, at the stream's end.
   */
  constructor(value: object, host: StreamHost, owner: GivenOwner, onEnd: () => void) {
    const call = owner.incoming;
    this.#host = host;
    this.#owner = owner;
    this.#call = call;
    this.#onEnd = onEnd;
    const { broker, cleanUps } = host.shared;
    this.#source = new GivenSource(value, call, cleanUps);
    this.id = broker.nextId();
  }

  /**
   * Lets the peer dial the id. If the peer guessed the id, it may have dialled and left before this call.
   * Then the stream ends before `offer()` returns.
   */
  offer(): void {
    this.#host.shared.broker.acceptWith(this.id, this.#waiter, Infinity);
  }

  /** True from the moment when the peer dials until the end. */
  get isOpen(): boolean {
    return this.#dialled !== undefined;
  }

  /**
   * Must be called when the call that had the stream in its arguments has settled. If the peer has not
   * dialled, the stream ends. The source is not told to end, because the source belongs to the caller.
   */
  callSettled(): void {
    if (this.#state.is !== 'waiting') return;
    this.#source.leave();
    this.#end();
  }

  /**
   * Must be called when the peer does not want the stream. If the peer has not dialled, the stream ends, and
   * the source is told to end.
   */
  drop(reason: unknown): void {
    if (this.#state.is === 'waiting') this.#abandon(reason);
  }

  /**
   * Must be called when this side has cancelled the call that had the stream in its arguments. The source is
   * told to end with `reason`, and the peer's reader gets an `AbortError`.
   */
  abort(reason: unknown): void {
    const on = this.#dialled;
    if (on === undefined) return this.drop(reason);
    void this.#source.cancel(reason);
    this.#fail(on, callAborted());
  }

  /**
   * Must be called when this side is leaving. The source is told to end, so that the source's clean-up runs
   * before the process ends. For the peer, the stream ends with the conversation.
   */
  leave(reason: unknown): void {
    const state = this.#state;
    if (state.is === 'waiting') return this.#abandon(reason);
    if (state.is !== 'open') return;
    this.#state = { is: 'leaving', on: state.on };
    void this.#source.cancel(reason);
  }

  /** Must be called when the conversation that the stream belongs to has ended. */
  conversationClosed(error: Error): void {
    const raw = this.#dialled?.raw;
    this.#lost(error);
    raw?.reset(error);
  }

  // The state is read again at each use, because each await and each call may change it.
  get #isReading(): boolean {
    return this.#state.is === 'open' || this.#state.is === 'leaving';
  }

  get #dialled(): Dialled | undefined {
    const state = this.#state;
    return state.is === 'waiting' || state.is === 'ended' ? undefined : state.on;
  }

  get #where(): string {
    return this.#call?.method ?? 'stream';
  }

  #start(raw: RawStream): void {
    const host = this.#host;
    const on: Dialled = {
      raw,
      reader: host.itemReader((word, value) =>
        this.#source.runInContext(() => this.#interrupted(word, value)),
      ),
      writer: new ItemWriter(host, raw, this.#owner),
      trace: this.#source.runInContext(() => traceStream('given', host.shared.peer)),
      isAsked: false,
    };
    this.#state = { is: 'open', on };
    raw.setHandler(this);
    this.#source.runInContext(() => void this.#pump(on));
  }

  /**
   * Asks the source for items until the source ends or the peer wants no more items. Waits while the window
   * is full.
   */
  async #pump(on: Dialled): Promise<void> {
    try {
      while (this.#isReading) {
        const next = this.#source.next();
        on.isAsked = true;
        // Steps that are not promises are not awaited, because each await costs a turn.
        const step = isPromise(next) ? await next : next;
        on.isAsked = false;
        if (!this.#isReading) return;
        if (step.done === true) return this.#sourceEnded(on, step.value);
        this.#send(on, step.value);
        await on.writer.room();
      }
    } catch (error) {
      on.isAsked = false;
      if (this.#isReading) this.#fail(on, error);
    }
  }

  /** Sends an item. If the item cannot be sent, tells the source to end, and throws. */
  #send(on: Dialled, item: unknown): void {
    try {
      on.writer.item(item, this.#where);
    } catch (error) {
      void this.#source.cancel(error);
      throw error;
    }
    if (on.trace !== undefined) on.trace.items++;
  }

  #sourceEnded(on: Dialled, value: unknown): void {
    this.#source.release();
    if (this.#state.is === 'leaving') this.#end();
    else this.#finish(on, value);
  }

  /**
   * Handles the consumer's `return()` or `throw()`. If the source is already returning, does nothing, because
   * the end of the stream answers the consumer.
   */
  #interrupted(word: number, value: unknown): void {
    const on = this.#dialled;
    if (on === undefined || !this.#isReading) return;
    if (word === consumed.throw) this.#throw(on, value);
    else this.#return(on, value);
  }

  #return(on: Dialled, value: unknown): void {
    this.#state = { is: 'returning', on };
    on.writer.wake();
    if (on.isAsked) {
      // The source is producing the next item, which may take long. The handler's signal tells the source to
      // stop. If the source does not stop in time, the stream ends without waiting for it.
      this.#abortCall();
      afterPatience(returnPatienceMs, () => this.#finish(on, value), false);
    }
    this.#source.cancel(value).then(
      (step) => this.#finish(on, step.value),
      (error: unknown) => this.#fail(on, error),
    );
  }

  #throw(on: Dialled, value: unknown): void {
    const error = this.#host.errorFromWire(value, 'the consumer of the stream');
    let step: Step | Promise<Step> | undefined;
    try {
      step = this.#source.throw(error);
    } catch (failure) {
      return this.#fail(on, failure);
    }
    if (step === undefined) {
      void this.#source.cancel(error);
      return this.#fail(on, error);
    }
    Promise.resolve(step).then(
      (answer) => this.#answer(on, answer),
      (failure: unknown) => this.#fail(on, failure),
    );
  }

  /** Handles the step with which the source answered the consumer's `throw()`. */
  #answer(on: Dialled, step: Step): void {
    if (!this.#isReading) return;
    if (step.done === true) return this.#sourceEnded(on, step.value);
    try {
      on.writer.write(produced.answer, this.#host.toWire(step.value, 'item', this.#where, this.#owner));
      if (on.trace !== undefined) on.trace.items++;
    } catch (error) {
      void this.#source.cancel(error);
      this.#fail(on, error);
    }
  }

  #finish(on: Dialled, value: unknown): void {
    if (this.#state.is === 'ended') return;
    try {
      on.writer.write(produced.done, this.#host.toWire(value, 'result', this.#where, this.#owner));
    } catch (error) {
      return this.#fail(on, error);
    }
    this.#end();
    on.raw.end();
  }

  #fail(on: Dialled, error: unknown): void {
    if (this.#state.is === 'ended') return;
    if (on.trace !== undefined) on.trace.error = error;
    try {
      on.writer.write(produced.failed, this.#host.errorToWire(error, this.#where));
    } catch {
      // The error is too large to be sent. The peer gets FIN without a final message, and treats this as a
      // failure.
    }
    this.#end();
    on.raw.end();
  }

  /**
   * If no other stream of the call is open, aborts the handler's signal, because the handler's work is no
   * longer needed.
   */
  #abortCall(): void {
    const call = this.#call;
    if (call !== undefined && call.held.given <= 1) call.cancel(readerGone());
  }

  /** Ends the stream, and tells the source to end. The peer gets no message. */
  #abandon(reason: unknown): void {
    this.#end();
    void this.#source.cancel(reason);
  }

  /** Handles the loss of the reader: the peer left before the end, or the conversation has ended. */
  #lost(cause: Error | undefined): void {
    if (this.#state.is === 'ended') return;
    this.#abortCall();
    if (isReaderGone(cause)) return this.#abandon(this.#call?.abortReason ?? readerGone());
    const { options, peer } = this.#host.shared;
    this.#end();
    explained(cause, options.explainLoss, (why) => {
      void this.#source.cancel(streamLost(`the stream that was given to ${peer}`, why));
    });
  }

  #end(): void {
    const on = this.#dialled;
    if (on === undefined) this.#host.shared.broker.forget(this.id, this.#waiter);
    this.#state = { is: 'ended' };
    on?.reader.stop();
    on?.writer.end();
    endStreamTrace(on?.trace);
    this.#onEnd();
  }

  onData(chunk: Uint8Array): void {
    const on = this.#dialled;
    if (on === undefined) return;
    try {
      on.reader.push(chunk);
      on.raw.consume(chunk.length);
    } catch (error) {
      on.raw.reset(error as Error);
    }
  }

  onEnd(): void {
    const on = this.#dialled;
    if (on === undefined) return;
    this.#lost(undefined);
    on.raw.end();
  }

  onDrain(): void {
    this.#dialled?.writer.drained();
  }

  onClose(error: Error | undefined): void {
    this.#lost(error);
  }
}
