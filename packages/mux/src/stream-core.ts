/** A stream inside the session: state, windows and queues, and the lean public face over them. */

import { ChunkQueue } from './chunk-queue.ts';
import { MuxError } from './errors.ts';
import { MuxStream } from './mux-stream.ts';
import { MAX_FRAME } from './frame-writer.ts';
import type { RawStream, RawStreamHandler } from './raw-stream.ts';
import type { Scheduler } from './scheduler.ts';
import type { Session } from './session.ts';
import { StreamState } from './stream-state.ts';
import { ReceiveWindow, SendWindow } from './window.ts';

/** Bytes that may wait in one stream before write() says so. */
const HIGH_WATER_MARK = 256 * 1024;

/** What a stream needs of its session beyond the scheduler. */
export interface StreamHome {
  readonly scheduler: Scheduler;
  /** How large the stream's window may be, counted against the session's budget until it is gone. */
  allotWindow(stream: StreamCore): number;
  /** This side ends the stream: tell the peer and forget it. */
  resetByUs(stream: StreamCore): void;
  /** True while what is delivered lies in a buffer that will be read into again. */
  readonly isLending: boolean;
}

function part(chunk: Uint8Array, start: number, end: number): Uint8Array {
  return start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end);
}

export class StreamCore implements RawStream {
  readonly id: number;
  readonly session: Session;
  readonly state: StreamState;
  readonly sendWindow: SendWindow = new SendWindow();
  readonly receiveWindow: ReceiveWindow = new ReceiveWindow();
  /** Written and not yet sent. */
  readonly outgoing: ChunkQueue = new ChunkQueue();
  /** Bytes heard from since the close timeout was last looked at. */
  wasHeard = false;
  readonly #home: StreamHome;
  readonly #scheduler: Scheduler;
  #credit = 0;
  #handler: RawStreamHandler | undefined;
  #duplex: MuxStream | undefined;
  /** Came and not delivered: no handler yet, or bytes were given back. */
  #incoming: ChunkQueue | undefined;
  #isHeld = true;
  #owesDrain = false;
  #hasEnded = false;
  #owesEnd = false;
  #closing: { error: MuxError | undefined } | undefined;
  #toldClose = false;

  constructor(id: number, session: Session, home: StreamHome, opening: 'queued' | 'syn-due' | 'unaccepted') {
    this.id = id;
    this.session = session;
    this.state = new StreamState(opening);
    this.#home = home;
    this.#scheduler = home.scheduler;
  }

  get queuedBytes(): number {
    return this.outgoing.length;
  }

  /** Something waits, and the peer would take it. */
  get hasSendable(): boolean {
    return this.outgoing.length > 0 && this.sendWindow.available > 0 && this.state.maySend;
  }

  // ── the lean face ────────────────────────────────────────────────────────────────────────────────────────────────

  setHandler(handler: RawStreamHandler): void {
    this.#handler = handler;
    this.#isHeld = false;
    // Whoever takes over hears of the end and the close too, also where a handler before was told.
    this.#owesEnd = this.#hasEnded;
    this.#toldClose = false;
    this.#deliverWaiting();
  }

  write(chunk: Uint8Array): boolean {
    if (!this.#mayWrite()) return true;
    if (this.#fits(chunk.length)) {
      this.#scheduler.send(this, chunk);
      return true;
    }
    this.outgoing.push(chunk);
    return this.#queued();
  }

  writeCopy(buffer: Uint8Array, start: number, end: number): boolean {
    if (!this.#mayWrite()) return true;
    if (this.#fits(end - start)) {
      this.#scheduler.sendCopy(this, buffer, start, end);
      return true;
    }
    this.outgoing.pushCopy(buffer, start, end);
    return this.#queued();
  }

  consume(bytes: number): void {
    const { held } = this.receiveWindow;
    if (!(bytes >= 0 && bytes <= held)) {
      const what = `consume(${bytes}) on stream ${this.id}, which has delivered ${held} bytes more than were consumed`;
      throw new MuxError('MUX_MISUSE', what, { streamId: this.id });
    }
    const due = this.receiveWindow.release(bytes);
    // Credit after the peer's FIN is useless to it, and fatal to some.
    if (due === 0 || this.state.isOver || this.state.receiving === 'finished') return;
    this.#credit += due;
    this.#scheduler.owe(this);
  }

  unshift(chunk: Uint8Array): void {
    this.#incoming ??= new ChunkQueue();
    this.#incoming.unshift(chunk);
    this.#isHeld = true;
  }

  end(): void {
    if (this.state.finish() && this.outgoing.length === 0 && this.state.maySend) this.#scheduler.owe(this);
  }

  reset(error?: Error): void {
    if (this.state.isOver) return;
    this.#home.resetByUs(this);
    const streamId = this.id;
    const message = `stream ${streamId} was reset on this side${error === undefined ? '' : `: ${error.message}`}`;
    this.close(new MuxError('MUX_STREAM_CLOSED', message, { streamId, cause: error }));
  }

  expedite(): void {
    this.#scheduler.expedite(this);
  }

  toDuplex(): MuxStream {
    this.#duplex ??= new MuxStream(this, (chunk) => this.#own(chunk));
    return this.#duplex;
  }

  // ── what the session and the scheduler tell it ───────────────────────────────────────────────────────────────────

  /** Payload came, `chunk[start..end)`; the window has been charged. */
  receive(chunk: Uint8Array, start: number, end: number): void {
    this.wasHeard = true;
    const handler = this.#handler;
    if (this.#isHeld || handler === undefined) {
      this.#incoming ??= new ChunkQueue();
      this.#incoming.push(this.#own(part(chunk, start, end)));
      return;
    }
    try {
      if (handler.onRange === undefined) handler.onData(part(chunk, start, end));
      else handler.onRange(chunk, start, end);
    } catch (error) {
      this.#onThrown(error);
    }
  }

  /** The peer's FIN came. */
  receiveEnd(): void {
    this.#hasEnded = true;
    this.#owesEnd = true;
    this.#deliverWaiting();
  }

  /** The stream is over: finished by both, without an error, or reset, and then what was not delivered is dropped. */
  close(error: MuxError | undefined): void {
    if (error !== undefined) {
      this.#incoming = undefined;
      this.#hasEnded = false;
      this.#owesEnd = false;
      this.#isHeld = false;
    }
    this.abandon(error);
  }

  /** The stream is over, with its session or by itself. What came before is still delivered. */
  abandon(error: MuxError | undefined): void {
    if (this.#closing !== undefined) return;
    this.#closing = { error };
    this.state.reset();
    this.outgoing.clear();
    this.#deliverWaiting();
  }

  /** The peer's window has opened, or the stream may send at last. */
  wakeWriter(): void {
    this.#scheduler.wake(this);
  }

  /** Some of the queue has gone out. */
  onSent(): void {
    if (!this.#owesDrain || this.outgoing.length > HIGH_WATER_MARK / 2) return;
    this.#owesDrain = false;
    this.guard(() => this.#handler?.onDrain?.());
  }

  /** FIN has gone out. */
  onFinished(): void {
    this.guard(() => this.#handler?.onFinish?.());
  }

  /** Credit due, which is then granted. */
  takeCredit(): number {
    const credit = this.#credit;
    this.#credit = 0;
    return credit;
  }

  /** What the frame that opens the stream grants: the window beyond the first 256 KiB, and what has been taken. */
  takeOpeningCredit(): number {
    this.receiveWindow.grow(this.#home.allotWindow(this));
    return this.takeCredit() + this.receiveWindow.grantAll();
  }

  /** The chunk, or a copy of it, that stays as it is. */
  #own(chunk: Uint8Array): Uint8Array {
    return this.#home.isLending ? Buffer.from(chunk) : chunk;
  }

  #mayWrite(): boolean {
    if (this.state.isOver) return false;
    if (this.state.sending === 'open') return true;
    throw new MuxError('MUX_WRITE_AFTER_END', `stream ${this.id} was written to after end()`, {
      streamId: this.id,
    });
  }

  /** Small enough to go straight out: a large write takes its turns through the queue. */
  #fits(bytes: number): boolean {
    return (
      bytes <= MAX_FRAME &&
      this.outgoing.length === 0 &&
      bytes <= this.sendWindow.available &&
      this.#scheduler.isClearFor(this)
    );
  }

  #queued(): boolean {
    this.#scheduler.wake(this);
    if (this.outgoing.length <= HIGH_WATER_MARK) return true;
    this.#owesDrain = true;
    return false;
  }

  #deliverWaiting(): void {
    while (!this.#isHeld && this.#handler !== undefined) {
      const handler = this.#handler;
      const chunk = this.#incoming?.shift();
      if (chunk !== undefined) {
        this.guard(() => handler.onData(chunk));
      } else if (this.#owesEnd) {
        this.#owesEnd = false;
        this.guard(() => handler.onEnd());
      } else {
        break;
      }
    }
    if (this.#closing === undefined || this.#toldClose || this.#isHeld || this.#handler === undefined) return;
    this.#toldClose = true;
    const { error } = this.#closing;
    this.guard(() => this.#handler!.onClose(error));
  }

  /** A handler that throws must not leave the session between two frames: its stream ends, the error is thrown later. */
  guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#onThrown(error);
    }
  }

  #onThrown(error: unknown): void {
    process.nextTick(() => {
      throw error;
    });
    this.reset(error instanceof Error ? error : new Error(String(error)));
  }
}
