/**
 * A stream of the peer. This side dials the stream when the consumer asks for the first item, and grants
 * credit when the consumer takes items.
 */
import type { Readable } from 'node:stream';
import type { RawStream, RawStreamHandler } from '@pipework/mux/lean';
import { PipeworkError } from '../../base/errors.ts';
import { isError } from '../../base/realm.ts';
import { explained, streamLost } from '../../session/loss.ts';
import { CreditGate } from '../../session/unfinished.ts';
import { endStreamTrace, type StreamTrace, traceStream } from '../api/instrumentation.ts';
import { runtimeMethods } from '../../session/wire-words.ts';
import type { StreamHost, TakenOwner } from './stream-host.ts';
import type { MessageReader } from '../wire/message-reader.ts';
import { readerGone } from './stream-ends.ts';
import { consumed, produced } from './stream-protocol.ts';
import { valueRefused } from '../sources/refused-value.ts';
import { done, type Step } from '../sources/stream-source.ts';
import { type Outcome, TakenItems, type Taker } from './taken-items.ts';

/** A consumer's `return` or `throw` that waits for its answer. */
interface Interrupter extends Taker {
  /** Settles the `return` or `throw` as if it had been called after the stream's end. */
  late(): void;
}

/** The objects that a stream has after it was dialled. */
interface Dialled {
  readonly raw: RawStream;
  readonly reader: MessageReader;
  readonly gate: CreditGate;
  readonly trace: StreamTrace | undefined;
}

/** Functions that are called once each in the life of a stream. */
export interface TakenStreamEvents {
  /** Called when neither side sends anything more. */
  ended(): void;
  /** Called after `ended`, as soon as no item is left that the consumer could take. */
  read(): void;
}

type State =
  /** The consumer has not asked for an item yet. */
  | { readonly is: 'waiting' }
  /** Items arrive. */
  | { readonly is: 'open'; readonly on: Dialled }
  /** The peer was told to return. Items that arrive before the peer's final message are dropped. */
  | { readonly is: 'returning'; readonly on: Dialled }
  /** The peer has left. This side waits for the exit of the peer's process, which may explain the loss. */
  | { readonly is: 'lost'; readonly on: Dialled }
  /** No more messages arrive. */
  | { readonly is: 'ended' };

/** The iterator that the consumer uses. Like a generator, it can be iterated only once. */
export class TakenStream
  implements AsyncIterableIterator<unknown, unknown>, AsyncDisposable, RawStreamHandler
{
  readonly #id: number;
  readonly #host: StreamHost;
  readonly #owner: TakenOwner;
  readonly #events: TakenStreamEvents;
  /** The Node stream by which the consumer reads. Its buffer may have items that were taken from this stream. */
  readable: Readable | undefined;
  #state: State = { is: 'waiting' };
  readonly #items = new TakenItems((bytes) => this.#dialled?.raw.consume(bytes));
  /**
   * The interrupts, in the order in which the peer answers them. While this list is not empty, arriving items
   * are dropped.
   */
  readonly #interrupters: Interrupter[] = [];

  /** `owner` is the call that the stream belongs to. */
  constructor(id: number, host: StreamHost, owner: TakenOwner, events: TakenStreamEvents) {
    this.#owner = owner;
    this.#id = id;
    this.#host = host;
    this.#events = events;
  }

  /** True if the consumer has begun to read, and may read further items. */
  get isBeingRead(): boolean {
    return this.#state.is === 'open' || this.#items.queue.length > 0;
  }

  /** True from the dial until the end. */
  get isOpen(): boolean {
    return this.#dialled !== undefined;
  }

  get #dialled(): Dialled | undefined {
    const state = this.#state;
    return state.is === 'waiting' || state.is === 'ended' ? undefined : state.on;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /**
   * Resolves with the next item. Rejects with `MISUSE` if `value` is given. The source produces items before
   * the consumer asks for them, so no value can be passed to the source.
   */
  next(value?: unknown): Promise<Step> {
    if (value !== undefined) return Promise.reject(valueRefused());
    const ready = this.#items.next();
    if (ready !== undefined) return ready;
    const step = this.#items.wait();
    try {
      this.#open();
      this.#want();
    } catch (error) {
      this.fail(error);
    }
    return step;
  }

  return(value?: unknown): Promise<Step> {
    return this.#return(value, () => this.#host.toWire(value, 'value', 'return'));
  }

  /** Like {@link return}, but with the reason of a cancel. If the reason cannot be sent, its text is sent. */
  async cancel(reason: unknown): Promise<void> {
    await this.#return(reason, () => this.#reasonToWire(reason));
  }

  throw(error?: unknown): Promise<Step> {
    const { outcome } = this.#items;
    if (outcome !== undefined) {
      if ('error' in outcome) return this.#items.end();
    } else if (this.#state.is === 'waiting') {
      this.#settle({ step: done });
      this.#drop(error);
    } else {
      return this.#interrupt(consumed.throw, () => this.#host.errorToWire(error, 'throw'), undefined, error);
    }
    this.#discard();
    return Promise.reject(error);
  }

  /**
   * Must be called when the stream's call was cancelled. The consumer gets `reason`, items that have arrived
   * are dropped, and the peer is told to return.
   */
  abort(reason: unknown): void {
    if (this.#items.outcome !== undefined) return this.#abortUnread(reason);
    this.#discard();
    this.#settle({ error: reason });
    this.#items.serve();
    const state = this.#state;
    if (state.is === 'waiting') this.#drop(readerGone());
    if (state.is !== 'open') return;
    this.#state = { is: 'returning', on: state.on };
    this.#host.writeItem(state.on.raw, consumed.return, this.#reasonToWire(readerGone()));
    this.#want();
  }

  /** Drops the items that the consumer has not taken, although the source has ended. */
  #abortUnread(reason: unknown): void {
    if (this.#items.queue.length > 0) {
      this.#discard();
      this.#items.abort(reason);
    }
    if (this.readable?.readableEnded === false) this.readable.destroy(reason as Error);
  }

  /**
   * Must be called when the call that had the stream in its arguments has settled. If the stream was not
   * dialled, it fails, because the peer no longer accepts the dial.
   */
  callSettled(): void {
    if (this.#state.is !== 'waiting') return;
    this.#settle({ error: readLate() });
    this.#end();
  }

  /**
   * Like {@link callSettled}, for a stream that came to the call in another way than in its arguments. The
   * peer is told, because it would accept the dial.
   */
  userSettled(): void {
    if (this.#state.is !== 'waiting') return;
    this.#settle({ error: readLate() });
    this.#drop(undefined);
  }

  /**
   * Must be called when the conversation that the stream belongs to has ended. `ask` waits for the process's
   * exit, which may explain the end. All streams of the conversation share one wait.
   */
  conversationClosed(error: Error, ask: StreamHost['shared']['options']['explainLoss']): void {
    this.#lost(error, ask);
  }

  /** Ends the stream immediately. The consumer gets `error`, and the peer gets a reset. */
  fail(error: unknown): void {
    this.#settle({ error });
    this.#items.serve();
    const on = this.#dialled;
    if (this.#state.is === 'waiting') this.#drop(error);
    else this.#end();
    on?.raw.reset(isError(error) ? error : undefined);
  }

  #open(): void {
    if (this.#state.is !== 'waiting') return;
    const { shared } = this.#host;
    const reader = this.#host.itemReader((word, value) => this.#received(word, value), this.#owner);
    const raw = shared.broker.dialRaw(this.#id);
    const gate = new CreditGate(shared.budget, (bytes) => raw.consume(bytes));
    this.#state = { is: 'open', on: { raw, reader, gate, trace: traceStream('taken', shared.peer) } };
    shared.count('valueStreams', 1);
    raw.setHandler(this);
  }

  /** Tells the peer that the stream will not be dialled. */
  #drop(reason: unknown): void {
    const params = reason === undefined ? [this.#id] : [this.#id, this.#reasonToWire(reason)];
    this.#host.notify(runtimeMethods.drop, params);
    this.#end();
  }

  #return(value: unknown, toWire: () => unknown): Promise<Step> {
    const ended: Step = { done: true, value };
    const { outcome } = this.#items;
    if (outcome === undefined && this.#state.is !== 'waiting')
      return this.#interrupt(consumed.return, toWire, ended, undefined);
    if (outcome === undefined) {
      this.#settle({ step: done });
      this.#drop(value);
    }
    this.#discard();
    return Promise.resolve(ended);
  }

  /**
   * Sends an interrupt. If the stream ends before the peer answers, resolves with `ended`. If `ended` is
   * undefined, rejects with `error` instead.
   */
  #interrupt(word: number, toWire: () => unknown, ended: Step | undefined, error: unknown): Promise<Step> {
    this.#discard();
    // The waiter is registered before the write, because over pipes in memory the peer may answer, or reset
    // the stream, before `writeItem` returns.
    const answer = new Promise<Step>((resolve, reject) => {
      const late = ended === undefined ? () => reject(error) : () => resolve(ended);
      this.#interrupters.push({ resolve, reject, late });
    });
    try {
      const state = this.#state;
      const wire = toWire();
      if (state.is === 'open' && word === consumed.return) this.#state = { is: 'returning', on: state.on };
      if (state.is === 'open' || state.is === 'returning') this.#host.writeItem(state.on.raw, word, wire);
      this.#want();
    } catch (failure) {
      this.fail(failure);
    }
    return answer;
  }

  /** Drops the items in the queue and the value that the source returned, and grants credit for the items. */
  #discard(): void {
    const { queue } = this.#items;
    while (queue.length > 0) this.#host.discard(queue.take());
    this.#host.discard(this.#items.takeReturned());
  }

  #reasonToWire(reason: unknown): unknown {
    try {
      return this.#host.toWire(reason, 'reason', 'cancel');
    } catch {
      return this.#host.toWire(String(reason), 'reason', 'cancel');
    }
  }

  onData(chunk: Uint8Array): void {
    const on = this.#dialled;
    if (on === undefined) return;
    try {
      on.reader.push(chunk);
    } catch (error) {
      this.fail(error);
      // If the chunk had the stream's end before the invalid bytes, the consumer gets the end.
      return this.#items.serve();
    }
    on.gate.read(this.#items.queue.endChunk(chunk.length), on.reader.unfinished);
    this.#items.serve();
    this.#want();
  }

  /**
   * Tells the stream's `CreditGate` whether to grant credit for an incomplete message that is longer than the
   * window. Credit is granted if the consumer waits for the message, or if the message will be dropped.
   */
  #want(): void {
    const on = this.#dialled;
    if (on === undefined) return;
    const isThrownAway = this.#state.is !== 'open' || this.#interrupters.length > 0;
    on.gate.isWanted = isThrownAway || this.#items.isAwaited;
  }

  #received(word: number, value: unknown): void {
    const on = this.#dialled;
    if (on === undefined) return this.#host.discard(value);
    if (word === produced.item) {
      this.#taken(on, [value]);
    } else if (word === produced.items) {
      if (!Array.isArray(value))
        throw new PipeworkError('RPC_PROTOCOL', 'the peer sent stream items that are not a list');
      this.#taken(on, value);
    } else if (word === produced.answer) {
      const interrupter = this.#interrupters.shift();
      if (interrupter === undefined) this.#host.discard(value);
      else interrupter.resolve({ done: false, value });
    } else if (word === produced.done) {
      const interrupter = this.#interrupters.shift();
      if (interrupter !== undefined) interrupter.resolve({ done: true, value });
      else if (this.#items.outcome !== undefined) this.#host.discard(value);
      this.#settle({ step: interrupter === undefined ? { done: true, value } : done });
      this.#peerEnded(on);
    } else {
      const error = this.#host.errorFromWire(value, 'stream');
      const interrupter = this.#interrupters.shift();
      interrupter?.reject(error);
      this.#settle(interrupter === undefined ? { error } : { step: done });
      this.#peerEnded(on);
    }
  }

  #taken(on: Dialled, items: readonly unknown[]): void {
    // Drops items that the peer sent before it got the consumer's `return()` or `throw()`.
    if (this.#state.is !== 'open' || this.#interrupters.length > 0) {
      for (const item of items) this.#host.discard(item);
      return;
    }
    for (const item of items) this.#items.queue.push(item);
    if (on.trace !== undefined) on.trace.items += items.length;
  }

  /** Handles the peer's final message. */
  #peerEnded({ raw }: Dialled): void {
    this.#end();
    raw.end();
  }

  /** Ends the stream for its consumer. */
  #settle(outcome: Outcome): void {
    if (!this.#items.settle(outcome)) return;
    const on = this.#dialled;
    if (on?.trace !== undefined && 'error' in outcome) on.trace.error = outcome.error;
    endStreamTrace(on?.trace);
    if (on !== undefined) this.#host.shared.count('valueStreams', -1);
    for (const interrupter of this.#interrupters.splice(0)) {
      if ('error' in outcome) interrupter.reject(outcome.error);
      else interrupter.late();
    }
  }

  /** Ends the stream for both sides. */
  #end(): void {
    if (this.#state.is === 'ended') return;
    const on = this.#dialled;
    on?.reader.stop();
    on?.gate.end();
    this.#state = { is: 'ended' };
    this.#events.ended();
    const { readable } = this;
    if (on === undefined || readable?.closed === true) this.#events.read();
    else if (readable === undefined) this.#items.queue.onceEmpty(() => this.#events.read());
    else readable.once('close', () => this.#events.read());
  }

  onEnd(): void {
    this.#lost(undefined);
  }

  onClose(error: Error | undefined): void {
    this.#lost(error);
  }

  #lost(cause: Error | undefined, ask = this.#host.shared.options.explainLoss): void {
    const state = this.#state;
    if (state.is === 'ended' || state.is === 'lost') return;
    if (state.is !== 'waiting') {
      state.on.reader.stop();
      state.on.gate.end();
      this.#state = { is: 'lost', on: state.on };
    }
    explained(cause, ask, (why) => {
      const method = this.#owner.outgoing?.method;
      const what = method === undefined ? 'a stream' : `the stream of ${method}`;
      const error = streamLost(`${what} of ${this.#host.shared.peer}`, why);
      if (this.#state.is !== 'waiting') return this.fail(error);
      // The conversation has ended, so the peer cannot be told that the stream will not be dialled.
      this.#settle({ error });
      this.#items.serve();
      this.#end();
    });
  }
}

function readLate(): PipeworkError {
  return new PipeworkError(
    'RPC_REFERENCE_RELEASED',
    'the stream was first read after the call that brought it had settled',
  );
}
