/** A stream that this side gave out: once the peer dials its id, its items flow as fast as the peer's window lets them. */
import type { RawStream, RawStreamHandler } from '@pipework/mux/lean';
import { enterContext, leaveContext } from '../api/call-context.ts';
import type { ItemBatch } from '../messages/item-batch.ts';
import { endStreamTrace, type StreamTrace, traceStream } from '../api/instrumentation.ts';
import type { StreamHost, StreamingCall } from './stream-host.ts';
import type { MessageReader } from '../wire/message-reader.ts';
import { consumed, produced } from './stream-protocol.ts';
import { ignoreError, isEmitter, isPromise, sourceOf, type Source, type Step } from './stream-source.ts';

// The real one: a host's fake timers must not stop a plugin that shares its process.
const { setImmediate, setTimeout } = globalThis;

// How long a source that waits for something may take to end once nobody reads it, before its reader is let go.
const returnPatienceMs = 100;
// More in one message gain little, and wait longer.
const maxBatchItems = 256;
// A source that is always ready would keep everything else waiting until the window is full.
const maxTurnItems = 512;

export class GivenStream implements RawStreamHandler {
  /** The broker id that the peer dials. */
  readonly id: number;
  readonly #value: object;
  readonly #host: StreamHost;
  readonly #call: StreamingCall | undefined;
  readonly #onEnd: () => void;
  /** It is being asked for an item that the consumer may never want. */
  #asking = false;
  #raw: RawStream | undefined;
  #reader: MessageReader | undefined;
  #source: Source | undefined;
  #blocked = false;
  /** The consumer takes no more items: it called `return`, or went away. */
  #returning = false;
  #resume: (() => void) | undefined;
  readonly #batch: ItemBatch | undefined;
  #turnLeft = maxTurnItems;
  #trace: StreamTrace | undefined;
  #over = false;

  /** `call` is the one whose result it is in, where it is in one. */
  constructor(value: object, host: StreamHost, call: StreamingCall | undefined, onEnd: () => void) {
    this.#value = value;
    this.#host = host;
    this.#call = call;
    // A Node stream may fail before anyone reads it; whoever dials hears of it from its iterator.
    if (isEmitter(value)) value.on('error', ignoreError);
    this.#onEnd = onEnd;
    this.#batch = host.itemBatch();
    const { broker } = host.shared;
    this.id = broker.nextId();
    broker.acceptWith(this.id, { resolve: (raw) => this.#start(raw), reject: () => this.drop() }, Infinity);
  }

  /** The peer reads it. */
  get isOpen(): boolean {
    return this.#raw !== undefined;
  }

  get #where(): string {
    return this.#call?.method ?? 'stream';
  }

  /** Nobody will dial any more; the source is left as it is, since it is the caller's own. */
  callSettled(): void {
    if (this.#raw === undefined) this.#end();
  }

  /** The peer does not want it: the source is told to return. */
  drop(): void {
    if (this.#over || this.#raw !== undefined) return;
    this.#returnSource();
    this.#end();
  }

  conversationClosed(error: Error): void {
    if (this.#over) return;
    this.#returnSource();
    this.#end();
    this.#raw?.reset(error);
  }

  #start(raw: RawStream): void {
    this.#raw = raw;
    this.#trace = traceStream('given', this.#host.shared.peer);
    this.#reader = this.#host.itemReader((word, value) => this.#interrupted(word, value));
    try {
      this.#source = this.#inContext(() => sourceOf(this.#value));
    } catch (error) {
      raw.setHandler(this);
      return this.#fail(error);
    }
    raw.setHandler(this);
    void this.#pump();
  }

  /** Asks the source for items until it ends, or nobody wants them; waits while the window is full. */
  async #pump(): Promise<void> {
    const source = this.#source!;
    try {
      while (!this.#over && !this.#returning) {
        const outer = enterContext(this.#call);
        let next: Step | Promise<Step>;
        try {
          next = source.next();
        } finally {
          leaveContext(outer);
        }
        this.#asking = true;
        // Awaiting what is no promise costs a turn, and a synchronous source has none.
        const step = isPromise(next) ? await next : next;
        this.#asking = false;
        if (!this.#emit(step, produced.item)) await this.#drained();
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /** What a generator does at its top, and asks there, belongs to its call. */
  #inContext<T>(act: () => T): T {
    const outer = enterContext(this.#call);
    try {
      return act();
    } finally {
      leaveContext(outer);
    }
  }

  /** Resolves when there is room again and the turn is over, or the stream is. */
  #drained(): Promise<void> | undefined {
    if ((!this.#blocked && this.#turnLeft > 0) || this.#over) return undefined;
    return new Promise((resolve) => {
      this.#resume = resolve;
    });
  }

  /** Sends one step. False where none may follow for now. */
  #emit(step: Step, word: number): boolean {
    if (this.#over || (this.#returning && word === produced.item && step.done !== true)) return false;
    let wire: unknown;
    try {
      wire = this.#host.toWire(step.value, step.done === true ? 'result' : 'item', this.#where);
    } catch (error) {
      this.#returnSource();
      this.#fail(error);
      return false;
    }
    if (step.done === true) {
      this.#write(produced.done, wire);
      this.#finish();
      return false;
    }
    if (this.#trace !== undefined) this.#trace.items++;
    if (word === produced.item) this.#sendItem(wire);
    else this.#blocked = !this.#write(word, wire);
    return !this.#blocked && this.#turnLeft > 0;
  }

  /** The first item of a turn goes at once, the others together. */
  #sendItem(wire: unknown): void {
    const batch = this.#batch;
    const isFirst = this.#turnLeft === maxTurnItems;
    if (isFirst) setImmediate(this.#endTurn);
    this.#turnLeft--;
    if (isFirst || batch === undefined || !batch.add(wire)) this.#blocked = !this.#write(produced.item, wire);
    else if (batch.count >= maxBatchItems) this.#flush();
  }

  readonly #endTurn = (): void => {
    this.#turnLeft = maxTurnItems;
    this.#flush();
    if (!this.#blocked) this.#resume?.();
  };

  #flush(): void {
    const batch = this.#batch;
    if (batch === undefined || batch.count === 0 || this.#over) return;
    this.#blocked = !batch.write(this.#raw!, produced.items);
  }

  #write(word: number, wire: unknown): boolean {
    this.#flush();
    try {
      return this.#host.writeItem(this.#raw!, word, wire);
    } catch (error) {
      this.#returnSource();
      if (word !== produced.failed) this.#fail(error);
      return false;
    }
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    if (this.#trace !== undefined) this.#trace.error = error;
    this.#write(produced.failed, this.#host.errorToWire(error, this.#where));
    this.#finish();
  }

  #finish(): void {
    if (this.#over) return;
    this.#end();
    this.#raw?.end();
  }

  #interrupted(word: number, value: unknown): void {
    if (this.#over) return;
    const source = this.#source!;
    const act = word === consumed.throw ? source.throw : source.return;
    if (word === consumed.return) this.#returning = true;
    if (act === undefined) return this.#settleInterrupt(word, value);
    try {
      const given =
        word === consumed.throw ? this.#host.errorFromWire(value, 'the consumer of the stream') : value;
      const step = this.#inContext(() => act.call(source, given));
      if (this.#asking && word === consumed.return) this.#leaveSoon(value);
      Promise.resolve(step).then(
        (answer) => {
          this.#emit(answer, produced.answer);
        },
        (error: unknown) => this.#fail(error),
      );
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * The source waits for something that nobody but the run-ahead asked for, and `return` queues behind it: the handler's signal tells it,
   * and a source that doesn't end for that is not waited for.
   */
  #leaveSoon(value: unknown): void {
    this.#abortCall();
    setTimeout(() => this.#settleInterrupt(consumed.return, value), returnPatienceMs).unref();
  }

  /** The last of the call's streams has lost its consumer: nobody waits for the handler any more. */
  #abortCall(): void {
    const call = this.#call;
    if (call === undefined || call.held.given > 1) return;
    call.abort(new DOMException('Nobody reads the stream any more.', 'AbortError'));
  }

  /** The source has neither `return` nor `throw`: it just is not asked any more. */
  #settleInterrupt(word: number, value: unknown): void {
    if (word === consumed.throw)
      return this.#fail(this.#host.errorFromWire(value, 'the consumer of the stream'));
    this.#emit({ done: true, value }, produced.item);
  }

  /** Lets the source clean up; what it answers interests nobody any more. */
  #returnSource(): void {
    if (this.#returning) return;
    this.#returning = true;
    try {
      const source = this.#source ?? sourceOf(this.#value);
      void Promise.resolve(source.return?.()).catch(() => {
        // The consumer is gone: there is no one to tell.
      });
    } catch {
      // As above.
    }
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    endStreamTrace(this.#trace);
    this.#resume?.();
    if (this.#raw === undefined) this.#host.shared.broker.forget(this.id);
    if (this.#call === undefined && isEmitter(this.#value)) this.#value.off('error', ignoreError);
    this.#onEnd();
  }

  onData(chunk: Uint8Array): void {
    const raw = this.#raw!;
    try {
      this.#reader?.push(chunk);
      raw.consume(chunk.length);
    } catch (error) {
      raw.reset(error as Error);
    }
  }

  onEnd(): void {
    if (this.#over) return;
    this.#abortCall();
    this.#returnSource();
    this.#finish();
  }

  onDrain(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    if (this.#turnLeft > 0) this.#resume?.();
  }

  onClose(): void {
    this.#reader?.stop();
    if (this.#over) return;
    this.#abortCall();
    this.#returnSource();
    this.#end();
  }
}
