/** A stream as a Node Duplex, on top of a lean stream. */

import { Duplex } from 'node:stream';
import { brand } from './brand.ts';
import { ChunkQueue } from './chunk-queue.ts';
import { MuxError } from './errors.ts';
import type { RawStream } from './raw-stream.ts';
// A stream refers to its session, and a session makes streams, so their files import each other. No other
// files do, and this file imports only a type.
import type { Session } from './session.ts';

/**
 * Receives the error with which a stream closed. Must call `tell` exactly once, with the error for the
 * stream's users.
 */
export type ExplainClose = (error: MuxError, tell: (error: Error) => void) => void;

type Callback = (error?: Error | null) => void;

/** How many bytes are read ahead. These bytes are not consumed yet, so they count against the window. */
const READ_AHEAD = 64 * 1024;
/**
 * Bytes that may be queued here before write() returns false. The limit has room for two writes of 64 KiB,
 * because otherwise each write would wait for a tick.
 */
const WRITE_AHEAD = 128 * 1024;

/**
 * How the stream ended. Set when the lean stream has closed.
 *
 * `finished`: both halves have finished, or only our FIN was left to send. `cut`: the error is for readers
 * and writers. `half`: the peer sent FIN before the stream failed. Readers see a clean end, and only writers
 * get the error.
 */
type Closing =
  | { readonly kind: 'finished' }
  | { readonly kind: 'cut'; readonly error: Error; isAwaitingEnd: boolean }
  | { readonly kind: 'half'; readonly error: Error; isAwaitingEnd: boolean };

/**
 * One two-way flow inside a session, as a Node Duplex. `end()` finishes only our half. If `destroy()` is
 * called before both halves have finished, it resets the stream. The peer gets credit as the application
 * takes bytes out of the stream. If the session is lost, the stream is destroyed with an error after the
 * bytes that had arrived have been read. That error does not end the process, even if the stream has no
 * listener for it.
 */
export class MuxStream extends Duplex {
  readonly #raw: RawStream;
  readonly #session: Session;
  /** Bytes that arrived and were not pushed into the Readable yet. */
  readonly #incoming = new ChunkQueue();
  /** True while the Readable asks for more. */
  #isWanted = false;
  /** True if the last read() asked for more bytes than were buffered. */
  #isStarved = false;
  /** True within read(). */
  #isReading = false;
  /** The state of the peer's FIN: not arrived, arrived, or reported to the Readable. */
  #peerEnd: 'open' | 'due' | 'told' = 'open';
  /** Bytes that were pushed into the Readable, and for which no credit was granted yet. */
  #pushed = 0;
  /** The callback of a write or of `_final` that is not complete yet. */
  #pending: Callback | undefined;
  #closing: Closing | undefined;

  /** Streams are made by `openStream()`, `acceptStream()` and iteration. */
  private constructor(raw: RawStream, session: Session, explain: ExplainClose | undefined) {
    super({ readableHighWaterMark: READ_AHEAD, writableHighWaterMark: WRITE_AHEAD });
    this.#raw = raw;
    this.#session = session;
    // If the session is lost, all streams fail at the same time, and an error without a listener would end
    // the process. Code that reads, writes or pipes gets the error from that operation anyway.
    this.on('error', () => {});
    raw.setHandler({
      onData: (chunk) => this.#onData(chunk),
      onEnd: () => {
        this.#peerEnd = 'due';
        this.#fill();
      },
      onDrain: () => this.#settlePending(),
      onFinish: () => this.#settlePending(),
      onClose: (error) => {
        if (error === undefined || explain === undefined) this.#onClose(error);
        else explain(error, (why) => this.#onClose(why));
      },
    });
  }

  /**
   * Returns a Duplex on top of a lean stream. The Duplex becomes the lean stream's handler.
   *
   * @internal
   */
  static over(raw: RawStream, session: Session, explain?: ExplainClose): MuxStream {
    return new MuxStream(raw, session, explain);
  }

  /** The stream's number. Streams of the client have odd ids, and streams of the server have even ids. */
  get id(): number {
    return this.#raw.id;
  }

  /** The session that the stream belongs to. */
  get session(): Session {
    return this.#session;
  }

  /**
   * Ends both halves immediately. The peer gets RST. If `error` is given, users of this side get this error.
   */
  reset(error?: Error): void {
    this.destroy(error);
  }

  /** Reads like any Readable. The peer gets credit for the returned bytes. */
  override read(size?: number): unknown {
    const isOutermost = !this.#isReading;
    this.#isReading = true;
    try {
      const chunk: unknown = super.read(size);
      this.#credit();
      // If the result is null although bytes are buffered, the reader has asked for more bytes than are
      // buffered.
      const { readableLength } = this;
      this.#isStarved = chunk === null && readableLength > 0 && (size ?? 0) > readableLength;
      if (this.#incoming.length > 0) this.#fill();
      return chunk;
    } finally {
      if (isOutermost) this.#isReading = false;
    }
  }

  /**
   * Iterates over the chunks up to the peer's FIN. Leaving early destroys the stream, as with any Readable.
   * Reading to the end leaves our half open, so that we can answer.
   */
  override async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, undefined, undefined> {
    let isRead = false;
    try {
      yield* this.iterator({ destroyOnReturn: false });
      isRead = true;
    } finally {
      if (!isRead) this.destroy();
    }
    return undefined;
  }

  /** @internal Called by Node when the reader wants more. */
  override _read(): void {
    this.#isWanted = true;
    this.#fill();
  }

  /** @internal Called by Node for one chunk. */
  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    const failure = this.#failure;
    if (failure !== undefined) callback(failure);
    else if (this.#raw.write(chunk)) callback();
    else this.#pending = callback;
  }

  /** @internal Called by Node for several chunks. */
  override _writev(chunks: { chunk: Buffer }[], callback: (error?: Error | null) => void): void {
    const failure = this.#failure;
    if (failure !== undefined) {
      callback(failure);
      return;
    }
    let hasRoom = true;
    for (const { chunk } of chunks) hasRoom = this.#raw.write(chunk);
    if (hasRoom) callback();
    else this.#pending = callback;
  }

  /** @internal Called by Node after everything was written. */
  override _final(callback: (error?: Error | null) => void): void {
    const failure = this.#failure;
    if (failure !== undefined) {
      callback(failure);
      return;
    }
    // 'finish' means that FIN was sent, so the callback waits for FIN. If Node emitted 'finish' before FIN
    // was sent, a destroy() after 'finish' would send a reset in place of FIN.
    this.#pending = callback;
    if (this.#closing === undefined) this.#raw.end();
    else this.#settlePending();
  }

  /** @internal Called by Node to end both directions. */
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#incoming.clear();
    if (this.#closing === undefined) this.#raw.reset(error ?? undefined);
    this.#settlePending(error ?? this.#failure);
    callback(error);
  }

  /** The error for writers; undefined unless the stream has closed with an error. */
  get #failure(): Error | undefined {
    const closing = this.#closing;
    return closing === undefined || closing.kind === 'finished' ? undefined : closing.error;
  }

  #onData(chunk: Uint8Array): void {
    if (this.destroyed) return;
    const isAwaited = this.#isWanted && this.#incoming.length === 0 && this.readableLength === 0;
    if (isAwaited && (this.readableFlowing === true || chunk.length >= READ_AHEAD / 4)) {
      this.#push(this.#raw.own(chunk));
    } else {
      this.#incoming.push(this.#raw.own(chunk));
      this.#fill();
    }
  }

  /**
   * Pushes one chunk if the Readable is empty. If the Readable is starved, pushes chunks while the Readable
   * wants more. While small frames wait in `#incoming`, they share blocks. In the Readable's own buffer, each
   * frame would be a separate object.
   */
  #fill(): void {
    while (this.#isWanted && this.#incoming.length > 0 && (this.#isStarved || this.readableLength === 0)) {
      this.#push(this.#incoming.shift()!);
    }
    if (this.#incoming.length > 0 || this.destroyed) return;
    if (this.#peerEnd === 'due') {
      if (this.#isReading) {
        // Node reports the end synchronously, so listeners could call read() again before this read has
        // returned.
        process.nextTick(() => this.#fill());
        return;
      }
      this.#peerEnd = 'told';
      this.push(null);
    }
    this.#failWhenRead();
  }

  #push(chunk: Uint8Array): void {
    this.#pushed += chunk.length;
    this.#isWanted = this.push(chunk);
    this.#credit();
  }

  /** Grants credit for the bytes that were taken out of the Readable's buffer, by whatever method. */
  #credit(): void {
    const taken = this.#pushed - this.readableLength;
    if (taken <= 0) return;
    this.#pushed -= taken;
    this.#raw.consume(taken);
    this.#failWhenRead();
  }

  #settlePending(error?: Error | null): void {
    const callback = this.#pending;
    this.#pending = undefined;
    callback?.(error);
  }

  #onClose(error: Error | undefined): void {
    if (this.destroyed || (error === undefined && this.writableEnded && this.writableLength === 0)) {
      this.#closing = { kind: 'finished' };
      if (!this.destroyed) this.#settlePending();
      return;
    }
    const failure = error ?? this.#writtenTooLate();
    this.#closing = { kind: error === undefined ? 'half' : 'cut', error: failure, isAwaitingEnd: false };
    // After a reset, unread bytes are dropped. If the session is lost, they are kept for the reader. If a write
    // is pending, they are dropped nevertheless, because the write must not wait for a reader.
    if (!this.#session.hasEnded || this.#pending !== undefined) this.destroy(failure);
    else this.#failWhenRead();
  }

  #writtenTooLate(): MuxError {
    const what = `stream ${this.id} was written to when its session had been closed on this side`;
    return new MuxError('MUX_SESSION_CLOSED', what, { initiator: 'local', streamId: this.id });
  }

  /**
   * Destroys the stream if it closed with an error and the bytes that arrived before the error have been
   * read.
   */
  #failWhenRead(): void {
    const closing = this.#closing;
    if (closing === undefined || closing.kind === 'finished') return;
    if (this.#incoming.length > 0 || this.readableLength > 0 || this.#peerEnd === 'due') return;
    const error = closing.kind === 'half' ? undefined : closing.error;
    if (this.#peerEnd === 'open' || this.readableEnded) this.destroy(error);
    // The peer had finished its half, so readers get the end first.
    else if (!closing.isAwaitingEnd) this.once('end', () => this.destroy(error));
    closing.isAwaitingEnd = true;
  }
}

brand(MuxStream, 'pipework.MuxStream');
