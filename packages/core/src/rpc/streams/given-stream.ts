/**
 * A stream that this side gave to the peer. Once the peer dials its id, its items are sent as fast as the
 * peer's window allows.
 */
import type { RawStream, RawStreamHandler } from '@pipework/mux/lean';
import { explained, streamLost } from '../../session/loss.ts';
import { endStreamTrace, type StreamTrace, traceStream } from '../api/instrumentation.ts';
import type { StreamHost, StreamingCall } from './stream-host.ts';
import type { MessageReader } from '../wire/message-reader.ts';
import { GivenSource } from './given-source.ts';
import { ItemWriter } from './item-writer.ts';
import { callAborted, isReaderGone, readerGone } from './stream-ends.ts';
import { consumed, produced } from './stream-protocol.ts';
import { isPromise, type Step } from '../sources/stream-source.ts';

// This is the real timer, because fake timers in a host must not stop a plugin that runs in the same process.
const { setTimeout } = globalThis;

// If the reader leaves while the source is being asked for an item, the source may take this many
// milliseconds to end. Then the reader is released.
const returnPatienceMs = 100;

/** The objects that a stream needs once the peer has dialled it. */
interface Dialled {
  readonly raw: RawStream;
  readonly reader: MessageReader;
  readonly writer: ItemWriter;
  readonly trace: StreamTrace | undefined;
  /** True while the source is being asked for an item, before the peer wants that item. */
  isAsked: boolean;
}

type State =
  /** The peer has not dialled. The source is untouched. */
  | { readonly is: 'waiting' }
  /** The peer reads. */
  | { readonly is: 'open'; readonly on: Dialled }
  /**
   * This side is leaving. The source was told. The remaining items are sent, but the end is not, because the
   * stream would then look complete.
   */
  | { readonly is: 'leaving'; readonly on: Dialled }
  /** The peer takes no more items. The source's clean-up runs, and its last step is still sent. */
  | { readonly is: 'returning'; readonly on: Dialled }
  /** The stream neither reads nor writes any more. */
  | { readonly is: 'ended' };

export class GivenStream implements RawStreamHandler {
  /** The broker id that the peer dials. */
  readonly id: number;
  readonly #host: StreamHost;
  readonly #call: StreamingCall | undefined;
  readonly #source: GivenSource;
  readonly #onEnd: () => void;
  #state: State = { is: 'waiting' };

  /** If the stream is in the result of a call, `call` is that call. `onEnd` is called once. */
  constructor(value: object, host: StreamHost, call: StreamingCall | undefined, onEnd: () => void) {
    this.#host = host;
    this.#call = call;
    this.#onEnd = onEnd;
    const { broker, cleanUps } = host.shared;
    this.#source = new GivenSource(value, call, cleanUps);
    this.id = broker.nextId();
  }

  /**
   * Lets the peer dial the id. If the peer guessed the id, it may have dialled already and left again. In
   * that case the stream ends before `offer()` returns.
   */
  offer(): void {
    const waiter = {
      resolve: (raw: RawStream) => this.#start(raw),
      reject: (error: Error) => this.drop(error),
    };
    this.#host.shared.broker.acceptWith(this.id, waiter, Infinity);
  }

  /** True from the moment when the peer dials until the end. */
  get isOpen(): boolean {
    return this.#dialled !== undefined;
  }

  /**
   * The call that brought the stream has settled. If the peer has not dialled, the stream ends. The source
   * stays untouched, because it belongs to the caller.
   */
  callSettled(): void {
    if (this.#state.is !== 'waiting') return;
    this.#source.leave();
    this.#end();
  }

  /** The peer does not want the stream. If the peer has not dialled it, the source is told to end. */
  drop(reason: unknown): void {
    if (this.#state.is === 'waiting') this.#abandon(reason);
  }

  /**
   * The call that brought the stream was cancelled on this side. The source is told to end at once, and the
   * peer's reader fails with `reason`.
   */
  abort(reason: unknown): void {
    const on = this.#dialled;
    if (on === undefined) return this.drop(reason);
    void this.#source.cancel(reason);
    this.#fail(on, callAborted());
  }

  /**
   * This side is leaving. The source is told to end, so that its clean-up runs in time. The peer learns of
   * the stream's end when the conversation ends.
   */
  leave(reason: unknown): void {
    const state = this.#state;
    if (state.is === 'waiting') return this.#abandon(reason);
    if (state.is !== 'open') return;
    this.#state = { is: 'leaving', on: state.on };
    void this.#source.cancel(reason);
  }

  /** The conversation that the stream belongs to has ended. */
  conversationClosed(error: Error): void {
    const raw = this.#dialled?.raw;
    this.#lost(error);
    raw?.reset(error);
  }

  // This is a getter, because the state may have changed after each await and each call.
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
      writer: new ItemWriter(host, raw),
      trace: this.#source.runInContext(() => traceStream('given', host.shared.peer)),
      isAsked: false,
    };
    this.#state = { is: 'open', on };
    raw.setHandler(this);
    this.#source.runInContext(() => void this.#pump(on));
  }

  /** Asks the source for items until it ends or the peer wants no more. Waits while the window is full. */
  async #pump(on: Dialled): Promise<void> {
    try {
      while (this.#isReading) {
        const next = this.#source.next();
        on.isAsked = true;
        // Awaiting a value that is not a promise costs a turn. So the items of a synchronous source are not
        // awaited.
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

  /** Sends an item. If the item cannot be sent, the source ends too, because no other item could follow. */
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
   * The consumer called `return()` or `throw()`. If the source is already returning, the end of the stream
   * serves as the answer.
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
      // The source is busy with an item that was asked for ahead, and may be busy for long. The handler's
      // signal tells the source to stop. If the source does not stop in time, this side releases the reader
      // anyway.
      this.#abortCall();
      setTimeout(() => this.#finish(on, value), returnPatienceMs).unref();
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

  /** The source answered a throw. */
  #answer(on: Dialled, step: Step): void {
    if (!this.#isReading) return;
    if (step.done === true) return this.#sourceEnded(on, step.value);
    try {
      on.writer.write(produced.answer, this.#host.toWire(step.value, 'item', this.#where));
      if (on.trace !== undefined) on.trace.items++;
    } catch (error) {
      void this.#source.cancel(error);
      this.#fail(on, error);
    }
  }

  #finish(on: Dialled, value: unknown): void {
    if (this.#state.is === 'ended') return;
    try {
      on.writer.write(produced.done, this.#host.toWire(value, 'result', this.#where));
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
      // The error is too large to be sent. The peer sees an end without a final message, which is a failure
      // as well.
    }
    this.#end();
    on.raw.end();
  }

  /**
   * Aborts the handler's signal if the last stream of the call has lost its consumer. The handler's work is
   * then no longer needed.
   */
  #abortCall(): void {
    const call = this.#call;
    if (call !== undefined && call.held.given <= 1) call.cancel(readerGone());
  }

  /** Ends the stream without telling the peer, and tells its source. */
  #abandon(reason: unknown): void {
    this.#end();
    void this.#source.cancel(reason);
  }

  /** The peer left before the end, or disappeared with the conversation. */
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
    if (on === undefined) this.#host.shared.broker.forget(this.id);
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
