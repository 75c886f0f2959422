/** A stream of the peer's: dialled when the first item is asked for, credited as the consumer takes items. */
import type { RawStream, RawStreamHandler } from '@pipework/mux/lean';
import { PipeworkError } from '../../base/errors.ts';
import { endStreamTrace, type StreamTrace, traceStream } from '../api/instrumentation.ts';
import { isAlone, reasonText } from '../../session/loss.ts';
import type { MessageReader } from '../wire/message-reader.ts';
import { runtimeMethods } from '../../session/wire-words.ts';
import type { StreamHost } from './stream-host.ts';
import { consumed, produced } from './stream-protocol.ts';

type Step = IteratorResult<unknown, unknown>;

interface Waiter {
  resolve(step: Step): void;
  reject(error: unknown): void;
}

/** Waits for the answer to `return` or `throw`. */
interface Interrupter extends Waiter {
  /** Answers as for a stream that has ended. */
  late(): void;
}

/** What of one chunk is still untaken: its bytes are credited when its last item has been. */
interface Batch {
  items: number;
  readonly bytes: number;
}

const done: Step = { done: true, value: undefined };

/** The consumer's iterator. Used once, as a generator is. */
export class TakenStream
  implements AsyncIterableIterator<unknown, unknown>, AsyncDisposable, RawStreamHandler
{
  readonly #id: number;
  readonly #host: StreamHost;
  readonly #method: string | undefined;
  readonly #onEnd: () => void;
  #raw: RawStream | undefined;
  #reader: MessageReader | undefined;
  #items: unknown[] = [];
  #taken = 0;
  readonly #batches: Batch[] = [];
  readonly #waiters: Waiter[] = [];
  /** In the order in which the peer answers them; items are thrown away meanwhile. */
  readonly #interrupters: Interrupter[] = [];
  #outcome: { step: Step } | { error: unknown } | undefined;
  #over = false;
  #isLost = false;
  #arrived = 0;
  #trace: StreamTrace | undefined;

  constructor(id: number, host: StreamHost, method: string | undefined, onEnd: () => void) {
    this.#method = method;
    this.#id = id;
    this.#host = host;
    this.#onEnd = onEnd;
  }

  /** Its first item was asked for, and its last has not come. */
  get isOpen(): boolean {
    return this.#raw !== undefined;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  next(): Promise<Step> {
    if (this.#taken < this.#items.length) return Promise.resolve({ done: false, value: this.#take() });
    if (this.#outcome !== undefined) return this.#settled();
    const step = new Promise<Step>((resolve, reject) => this.#waiters.push({ resolve, reject }));
    try {
      this.#open();
    } catch (error) {
      this.fail(error);
    }
    return step;
  }

  return(value?: unknown): Promise<Step> {
    return this.#interrupt(consumed.return, value, { done: true, value });
  }

  throw(error?: unknown): Promise<Step> {
    return this.#interrupt(consumed.throw, error, undefined);
  }

  /** The call was aborted: what has come and was not taken is dropped. */
  abort(reason: unknown): void {
    this.#discard();
    this.fail(reason);
  }

  /** The call that it came with has settled: nobody accepts it any more, unless it is open. */
  callSettled(): void {
    if (this.#raw !== undefined || this.#outcome !== undefined) return;
    this.#settle({
      error: new PipeworkError(
        'RPC_REFERENCE_RELEASED',
        'The stream was first read after the call it came with had settled.',
      ),
    });
  }

  /** The conversation it belongs to is gone. */
  conversationClosed(error: Error): void {
    this.#lost(error);
  }

  /** Ends it from this side: what waits rejects with `error`, and the producer is told to return. */
  fail(error: unknown): void {
    if (this.#outcome !== undefined) return;
    this.#settle({ error });
    this.#serve();
    const raw = this.#raw;
    if (raw === undefined) this.#host.notify(runtimeMethods.drop, [this.#id]);
    else raw.reset(error instanceof Error ? error : undefined);
  }

  #open(): void {
    if (this.#raw !== undefined) return;
    this.#reader = this.#host.itemReader((word, value) => this.#received(word, value));
    const raw = this.#host.shared.broker.dialRaw(this.#id);
    this.#raw = raw;
    this.#trace = traceStream('taken', this.#host.shared.peer);
    this.#host.shared.count('valueStreams', 1);
    raw.setHandler(this);
  }

  #interrupt(word: number, value: unknown, ended: Step | undefined): Promise<Step> {
    if (this.#outcome !== undefined || this.#raw === undefined) {
      if (this.#outcome === undefined) {
        this.#settle({ step: done });
        this.#host.notify(runtimeMethods.drop, [this.#id]);
      }
      if ('error' in this.#outcome! && ended === undefined) return this.#settled();
      this.#discard();
      return ended === undefined ? Promise.reject(value) : Promise.resolve(ended);
    }
    this.#discard();
    // Waiting comes before writing: in memory the peer may answer, or reset the stream, before `writeItem` returns.
    const answer = new Promise<Step>((resolve, reject) => {
      const late = ended === undefined ? () => reject(value) : () => resolve(ended);
      this.#interrupters.push({ resolve, reject, late });
    });
    try {
      const wire =
        word === consumed.throw
          ? this.#host.errorToWire(value, 'throw')
          : this.#host.toWire(value, 'value', 'return');
      this.#host.writeItem(this.#raw, word, wire);
    } catch (error) {
      this.fail(error);
    }
    return answer;
  }

  /** Forgets the items that nobody will take, and credits them. */
  #discard(): void {
    while (this.#taken < this.#items.length) this.#take();
  }

  #take(): unknown {
    const item = this.#items[this.#taken];
    this.#items[this.#taken++] = undefined;
    if (this.#taken === this.#items.length) {
      this.#items = [];
      this.#taken = 0;
    } else if (this.#taken === 1024) {
      this.#items = this.#items.slice(1024);
      this.#taken = 0;
    }
    const batch = this.#batches[0];
    if (batch !== undefined && --batch.items === 0) {
      this.#batches.shift();
      this.#raw?.consume(batch.bytes);
    }
    return item;
  }

  #settled(): Promise<Step> {
    const outcome = this.#outcome!;
    this.#outcome = { step: done };
    return 'error' in outcome ? Promise.reject(outcome.error) : Promise.resolve(outcome.step);
  }

  onData(chunk: Uint8Array): void {
    const raw = this.#raw!;
    this.#arrived = 0;
    try {
      this.#reader!.push(chunk);
    } catch (error) {
      this.fail(error);
      // The stream's end may have stood before the fault in the same chunk: then that is what counts.
      return this.#serve();
    }
    if (this.#arrived === 0 || this.#over) raw.consume(chunk.length);
    else this.#batches.push({ items: this.#arrived, bytes: chunk.length });
    this.#serve();
  }

  /** Hands the items that came to those who wait for them. */
  #serve(): void {
    while (this.#waiters.length > 0 && this.#taken < this.#items.length) {
      this.#waiters.shift()!.resolve({ done: false, value: this.#take() });
    }
    if (this.#outcome === undefined || this.#taken < this.#items.length) return;
    while (this.#waiters.length > 0) {
      const waiter = this.#waiters.shift()!;
      void this.#settled().then(waiter.resolve, waiter.reject);
    }
  }

  #received(word: number, value: unknown): void {
    if (this.#outcome !== undefined) return;
    const isInterrupted = this.#interrupters.length > 0;
    if (word === produced.item) {
      if (isInterrupted) return; // was under way when the consumer interrupted
      this.#items.push(value);
      this.#count(1);
    } else if (word === produced.items) {
      if (!Array.isArray(value))
        throw new PipeworkError('RPC_PROTOCOL', 'A stream carries items that are no list.');
      if (isInterrupted) return;
      for (const item of value) this.#items.push(item);
      this.#count(value.length);
    } else if (word === produced.answer) {
      this.#interrupters.shift()?.resolve({ done: false, value });
    } else if (word === produced.done) {
      this.#interrupters.shift()?.resolve({ done: true, value });
      this.#settle({ step: isInterrupted ? done : { done: true, value } });
      this.#raw?.end();
    } else {
      const error = this.#host.errorFromWire(value, 'stream');
      this.#interrupters.shift()?.reject(error);
      this.#settle(isInterrupted ? { step: done } : { error });
      this.#raw?.end();
    }
  }

  #count(items: number): void {
    this.#arrived += items;
    if (this.#trace !== undefined) this.#trace.items += items;
  }

  #settle(outcome: { step: Step } | { error: unknown }): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    if (this.#trace !== undefined && 'error' in outcome) this.#trace.error = outcome.error;
    for (const interrupter of this.#interrupters.splice(0)) {
      if ('error' in outcome) interrupter.reject(outcome.error);
      else interrupter.late();
    }
    this.#end();
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    endStreamTrace(this.#trace);
    if (this.#raw !== undefined) this.#host.shared.count('valueStreams', -1);
    this.#onEnd();
  }

  onEnd(): void {
    this.#lost(undefined);
  }

  onClose(error: Error | undefined): void {
    this.#reader?.stop();
    this.#lost(error);
  }

  #lost(cause: Error | undefined): void {
    if (this.#outcome !== undefined || this.#isLost) return;
    this.#isLost = true;
    const explain = this.#host.shared.options.explainLoss;
    // A stream can be reset alone; where more than it went, the process's exit may say why.
    if (cause === undefined || explain === undefined || isAlone(cause)) return this.#failLost(cause);
    explain(cause).then(
      (explained) => this.#failLost(explained),
      () => this.#failLost(cause),
    );
  }

  #failLost(cause: Error | undefined): void {
    const why = cause === undefined ? 'it ended in the middle' : reasonText(cause);
    this.fail(
      new PipeworkError(
        'RPC_CLOSED',
        `${this.#method === undefined ? 'A stream' : `The stream of ${this.#method}`} of ${this.#host.shared.peer} was lost: ${why}`,
        { cause },
      ),
    );
  }
}
