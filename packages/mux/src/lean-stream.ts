/** The lean interface of a stream: the calls of its user, and the order in which its handler gets events. */

import { ChunkQueue } from './chunk-queue.ts';
import { MuxError } from './errors.ts';
import { MAX_FRAME } from './frame-batch.ts';
import type { RawStream, RawStreamHandler } from './raw-stream.ts';
import type { Scheduler } from './scheduler.ts';
import type { StreamRecord } from './stream-record.ts';

/** Bytes that may be queued in one stream before write() returns false. */
const HIGH_WATER_MARK = 256 * 1024;

/** The part of the session that a stream uses, apart from the scheduler. */
export interface LeanStreamHome {
  /** True while delivered chunks lie in a buffer that the transport will fill again. */
  readonly isLending: boolean;
  /** Forgets a stream that this side resets, and sends RST to the peer. */
  resetByUs(stream: LeanStream): void;
}

function part(chunk: Uint8Array, start: number, end: number): Uint8Array {
  return start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end);
}

export class LeanStream implements RawStream {
  readonly record: StreamRecord;
  readonly #scheduler: Scheduler;
  readonly #home: LeanStreamHome;
  #handler: RawStreamHandler | undefined;
  /**
   * Bytes that arrived and were not delivered, because there was no handler or the handler gave bytes back.
   */
  #incoming: ChunkQueue | undefined;
  /** True while arriving bytes must wait, because no handler is set or the last handler gave bytes back. */
  #isHeld = true;
  /** True if a write returned false and `onDrain` has not followed yet. */
  #owesDrain = false;
  /** The state of the peer's FIN: not arrived, arrived but not reported to this handler, or reported. */
  #end: 'open' | 'due' | 'told' = 'open';
  #closing: { readonly error: MuxError | undefined; isTold: boolean } | undefined;

  constructor(record: StreamRecord, scheduler: Scheduler, home: LeanStreamHome) {
    this.record = record;
    this.#scheduler = scheduler;
    this.#home = home;
  }

  get id(): number {
    return this.record.id;
  }

  get queuedBytes(): number {
    return this.record.outgoing.length;
  }

  // ── the calls of the user ────────────────────────────────────────────────────────────────────────────────────────

  setHandler(handler: RawStreamHandler): void {
    this.#handler = handler;
    this.#isHeld = false;
    // A new handler gets the end and the close too, even if an earlier handler got them already.
    if (this.#end === 'told') this.#end = 'due';
    if (this.#closing !== undefined) this.#closing.isTold = false;
    this.#deliverWaiting();
  }

  write(chunk: Uint8Array): boolean {
    if (!this.#mayWrite()) return true;
    if (this.#fits(chunk.length)) {
      this.#scheduler.send(this.record, chunk);
      return true;
    }
    this.record.outgoing.push(chunk);
    return this.#wasQueued();
  }

  writeCopy(buffer: Uint8Array, start: number, end: number): boolean {
    if (!this.#mayWrite()) return true;
    if (this.#fits(end - start)) {
      this.#scheduler.sendCopy(this.record, buffer, start, end);
      return true;
    }
    this.record.outgoing.pushCopy(buffer, start, end);
    return this.#wasQueued();
  }

  consume(bytes: number): void {
    const { receiveWindow, state } = this.record;
    const { held } = receiveWindow;
    if (!(bytes >= 0 && bytes <= held)) {
      const what = `consume(${bytes}) on stream ${this.id}, which has delivered only ${held} bytes that are not consumed yet`;
      throw new MuxError('MUX_MISUSE', what, { streamId: this.id });
    }
    const due = receiveWindow.release(bytes);
    // A peer that has sent FIN has no use for credit, and some implementations fail if they get any.
    if (due === 0 || state.hasEnded || state.receiving === 'finished') return;
    this.record.oweCredit(due);
    this.#scheduler.owe(this.record);
  }

  unshift(chunk: Uint8Array): void {
    this.#incoming ??= new ChunkQueue();
    this.#incoming.unshift(chunk);
    this.#isHeld = true;
  }

  own(chunk: Uint8Array): Uint8Array {
    return this.#home.isLending ? Buffer.from(chunk) : chunk;
  }

  end(): void {
    const { state, outgoing } = this.record;
    if (state.finish() && outgoing.length === 0 && state.maySend) this.#scheduler.owe(this.record);
  }

  reset(error?: Error): void {
    if (this.record.state.hasEnded) return;
    this.#home.resetByUs(this);
    const streamId = this.id;
    const message = `stream ${streamId} was reset on this side${error === undefined ? '' : `: ${error.message}`}`;
    this.close(new MuxError('MUX_STREAM_CLOSED', message, { streamId, cause: error }));
  }

  expedite(): void {
    this.#scheduler.expedite(this.record);
  }

  // ── the events of the session ────────────────────────────────────────────────────────────────────────────────────

  /**
   * Delivers the payload `chunk[start..end)`, or keeps it for a later handler. The caller has counted it in
   * the receive window.
   */
  receive(chunk: Uint8Array, start: number, end: number): void {
    this.record.wasHeard = true;
    const handler = this.#handler;
    if (this.#isHeld || handler === undefined) {
      this.#incoming ??= new ChunkQueue();
      this.#incoming.push(this.own(part(chunk, start, end)));
      return;
    }
    try {
      if (handler.onRange === undefined) handler.onData(part(chunk, start, end));
      else handler.onRange(chunk, start, end);
    } catch (error) {
      this.#onThrown(error);
    }
  }

  /** Reports the peer's FIN, after the kept bytes. */
  receiveEnd(): void {
    this.#end = 'due';
    this.#deliverWaiting();
  }

  /**
   * Ends the stream. `error` is undefined if both halves have finished. If there is an error, undelivered
   * bytes are dropped.
   */
  close(error: MuxError | undefined): void {
    if (error !== undefined) {
      this.#incoming = undefined;
      this.#end = 'open';
      this.#isHeld = false;
    }
    this.abandon(error);
  }

  /** Ends the stream, alone or with its session. Bytes that have already arrived are delivered first. */
  abandon(error: MuxError | undefined): void {
    if (this.#closing !== undefined) return;
    this.#closing = { error, isTold: false };
    this.record.state.close();
    this.record.outgoing.clear();
    this.#deliverWaiting();
  }

  /** Some of the queued bytes were sent. */
  onSent(): void {
    if (!this.#owesDrain || this.record.outgoing.length > HIGH_WATER_MARK / 2) return;
    this.#owesDrain = false;
    this.guard(() => this.#handler?.onDrain?.());
  }

  /** FIN was sent. */
  onFinished(): void {
    this.guard(() => this.#handler?.onFinish?.());
  }

  /**
   * Runs a callback of the user. If the callback throws, only this stream ends, and the session continues
   * with the next frame.
   */
  guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#onThrown(error);
    }
  }

  #mayWrite(): boolean {
    const { state } = this.record;
    if (state.hasEnded) return false;
    if (state.sending === 'open') return true;
    throw new MuxError('MUX_WRITE_AFTER_END', `stream ${this.id} was written to after end()`, {
      streamId: this.id,
    });
  }

  /**
   * True if a write of this size can be sent immediately. Otherwise the write waits in the queue for the
   * stream's turns.
   */
  #fits(bytes: number): boolean {
    const { outgoing, sendWindow } = this.record;
    return (
      bytes <= MAX_FRAME &&
      outgoing.length === 0 &&
      bytes <= sendWindow.available &&
      this.#scheduler.isClearFor(this.record)
    );
  }

  /** Wakes the scheduler after a write was queued. Returns the result for `write()`. */
  #wasQueued(): boolean {
    this.#scheduler.wake(this.record);
    if (this.record.outgoing.length <= HIGH_WATER_MARK) return true;
    this.#owesDrain = true;
    return false;
  }

  #deliverWaiting(): void {
    while (!this.#isHeld && this.#handler !== undefined) {
      const handler = this.#handler;
      const chunk = this.#incoming?.shift();
      if (chunk !== undefined) {
        this.guard(() => handler.onData(chunk));
      } else if (this.#end === 'due') {
        this.#end = 'told';
        this.guard(() => handler.onEnd());
      } else {
        break;
      }
    }
    const closing = this.#closing;
    if (closing === undefined || closing.isTold || this.#isHeld || this.#handler === undefined) return;
    closing.isTold = true;
    this.guard(() => this.#handler!.onClose(closing.error));
  }

  /**
   * Throws the error again in the next tick, so that it reaches `uncaughtException`, and resets the stream.
   */
  #onThrown(error: unknown): void {
    process.nextTick(() => {
      throw error;
    });
    this.reset(error instanceof Error ? error : new Error(String(error)));
  }
}
