/** A stream that this side gave out: once the peer dials its id, its items flow as fast as the peer's window lets them. */
import type { RawStream, RawStreamHandler } from '@pipework/mux';
import type { ReferenceHost } from './reference-host.ts';
import type { MessageReader } from './message-reader.ts';
import { consumed, produced } from './stream-protocol.ts';

export type StreamKind = 'iterable' | 'webStream' | 'readable' | 'objectReadable';

type Step = IteratorResult<unknown, unknown>;
interface Source {
  next(): Step | Promise<Step>;
  return?(value?: unknown): Step | Promise<Step>;
  throw?(error: unknown): Step | Promise<Step>;
}

/** Whether a value travels as a stream: async iterables, readable streams, and iterators such as a generator's. */
export function isIterableValue(value: object): boolean {
  const candidate = value as {
    [Symbol.asyncIterator]?: unknown;
    [Symbol.iterator]?: unknown;
    next?: unknown;
  };
  if (typeof candidate[Symbol.asyncIterator] === 'function') return true;
  return typeof candidate.next === 'function' && typeof candidate[Symbol.iterator] === 'function';
}

/** What the peer gets for it. Told by shape: naming the ReadableStream global would load web streams into every plugin. */
export function iterableKind(value: object): StreamKind {
  const candidate = value as { getReader?: unknown; pipe?: unknown; readableObjectMode?: unknown };
  if (typeof candidate.getReader === 'function') return 'webStream';
  if (typeof candidate.pipe !== 'function') return 'iterable';
  return candidate.readableObjectMode === true ? 'objectReadable' : 'readable';
}

function sourceOf(value: object): Source {
  const iterable = value as Partial<AsyncIterable<unknown> & Iterable<unknown>>;
  return (iterable[Symbol.asyncIterator]?.() ?? iterable[Symbol.iterator]?.()) as Source;
}

export class StreamExport implements RawStreamHandler {
  /** The broker id that the peer dials. */
  readonly id: number;
  readonly #value: object;
  readonly #host: ReferenceHost;
  readonly #onEnd: () => void;
  #raw: RawStream | undefined;
  #reader: MessageReader | undefined;
  #source: Source | undefined;
  #blocked = false;
  /** The consumer takes no more items: it called `return`, or went away. */
  #returning = false;
  #pulling = false;
  #over = false;

  constructor(value: object, host: ReferenceHost, onEnd: () => void) {
    this.#value = value;
    this.#host = host;
    this.#onEnd = onEnd;
    const { broker } = host.link;
    this.id = broker.nextId();
    broker.acceptWith(this.id, { resolve: (raw) => this.#start(raw), reject: () => this.drop() }, Infinity);
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

  connectionClosed(error: Error): void {
    if (this.#over) return;
    this.#returnSource();
    this.#end();
    this.#raw?.reset(error);
  }

  #start(raw: RawStream): void {
    this.#raw = raw;
    this.#reader = this.#host.itemReader((word, value) => this.#interrupted(word, value));
    try {
      this.#source = sourceOf(this.#value);
    } catch (error) {
      raw.setHandler(this);
      return this.#fail(error);
    }
    raw.setHandler(this);
    this.#pull();
  }

  readonly #onStep = (step: Step): void => {
    this.#pulling = false;
    if (this.#emit(step, produced.item)) this.#pull();
  };

  readonly #onError = (error: unknown): void => {
    this.#pulling = false;
    this.#fail(error);
  };

  /** Asks the source for items until it makes us wait, or the window does. */
  #pull(): void {
    while (!this.#over && !this.#returning && !this.#pulling) {
      let step: Step | Promise<Step>;
      try {
        step = this.#source!.next();
      } catch (error) {
        return this.#fail(error);
      }
      if (step instanceof Promise || typeof (step as { then?: unknown }).then === 'function') {
        this.#pulling = true;
        (step as Promise<Step>).then(this.#onStep, this.#onError);
        return;
      }
      if (!this.#emit(step, produced.item)) return;
    }
  }

  /** Sends one step. False where no further one is to be asked for now. */
  #emit(step: Step, word: number): boolean {
    if (this.#over || (this.#returning && word === produced.item && step.done !== true)) return false;
    let wire: unknown;
    try {
      wire = this.#host.toWire(step.value, step.done === true ? 'result' : 'item');
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
    this.#blocked = !this.#write(word, wire);
    return !this.#blocked;
  }

  #write(word: number, wire: unknown): boolean {
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
    this.#write(produced.failed, this.#host.errorToWire(error, 'stream'));
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
      const step = act.call(source, value);
      Promise.resolve(step).then(
        (answer) => {
          if (this.#emit(answer, produced.answer)) this.#pull();
        },
        (error: unknown) => this.#fail(error),
      );
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The source has neither `return` nor `throw`: it just is not asked any more. */
  #settleInterrupt(word: number, value: unknown): void {
    if (word === consumed.throw) return this.#fail(value);
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
    if (this.#raw === undefined) this.#host.link.broker.forget(this.id);
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
    this.#returnSource();
    this.#finish();
  }

  onDrain(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.#pull();
  }

  onClose(): void {
    this.#reader?.stop();
    if (this.#over) return;
    this.#returnSource();
    this.#end();
  }
}
