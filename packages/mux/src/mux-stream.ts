/** The Node face of a stream: a Duplex over the lean one. */

import { Duplex } from 'node:stream';
import { brand } from './brand.ts';
import { ChunkQueue } from './chunk-queue.ts';
import { MuxError } from './errors.ts';
import type { RawStream } from './raw-stream.ts';
import type { Session } from './session.ts';

type Callback = (error?: Error | null) => void;

/** Bytes that are read ahead; they still count as untaken, inside the window. */
const READ_AHEAD = 64 * 1024;
/** Bytes that may wait here before write() says so: enough for two writes of 64 KiB, else each would wait for a tick. */
const WRITE_AHEAD = 128 * 1024;

/**
 * One two-way flow inside a session, as a Node Duplex. `end()` finishes our half alone; `destroy()` before both halves
 * have finished resets the stream. Credit goes to the peer as the application takes bytes out of the stream. A stream
 * that is lost with its session is destroyed with an error, after what came before has been read; one that nobody
 * listens to does not end the process for that.
 */
export class MuxStream extends Duplex {
  readonly #raw: RawStream;
  readonly #own: (chunk: Uint8Array) => Uint8Array;
  /** Came and not asked for by the Readable yet. */
  readonly #incoming = new ChunkQueue();
  #isWanted = false;
  /** The last read() wanted more than there was. */
  #isStarved = false;
  /** Within read(). */
  #isReading = false;
  #hasEnded = false;
  #toldEnd = false;
  #failsAtEnd = false;
  /** Bytes pushed into the Readable and not known to be taken out of it. */
  #pushed = 0;
  #pending: Callback | undefined;
  #failure: MuxError | undefined;
  /** The failure came behind the peer's last word: it is none for who reads. */
  #isWhole = false;
  #isClosed = false;

  /** Made by `openStream()`, `acceptStream()` and `toDuplex()`. `own` gives a chunk that stays as it is. */
  constructor(raw: RawStream, own: (chunk: Uint8Array) => Uint8Array) {
    super({ readableHighWaterMark: READ_AHEAD, writableHighWaterMark: WRITE_AHEAD });
    this.#raw = raw;
    this.#own = own;
    // A session's loss hits every stream at once: whoever reads, writes or pipes hears of it by that.
    this.on('error', () => {});
    raw.setHandler({
      onData: (chunk) => this.#onData(chunk),
      onEnd: () => {
        this.#hasEnded = true;
        this.#fill();
      },
      onDrain: () => this.#settlePending(),
      onFinish: () => this.#settlePending(),
      onClose: (error) => this.#onClose(error),
    });
  }

  /** Odd where the client opened it, even where the server did. */
  get id(): number {
    return this.#raw.id;
  }

  /** The session it belongs to. */
  get session(): Session {
    return this.#raw.session;
  }

  /** Ends both halves at once; the peer gets RST. `error` is what this side's users hear, where given. */
  reset(error?: Error): void {
    this.destroy(error);
  }

  /** As a Readable's: what is taken here is what credit is granted for. */
  override read(size?: number): unknown {
    const isOutermost = !this.#isReading;
    this.#isReading = true;
    try {
      const chunk: unknown = super.read(size);
      this.#credit();
      // Null with bytes in the buffer: the reader waits for more of them at once than there are.
      const { readableLength } = this;
      this.#isStarved = chunk === null && readableLength > 0 && (size ?? 0) > readableLength;
      if (this.#incoming.length > 0) this.#fill();
      return chunk;
    } finally {
      if (isOutermost) this.#isReading = false;
    }
  }

  /**
   * The chunks up to the peer's FIN. Leaving early destroys the stream, as with any Readable; but reading to the end does
   * not: our half stays open, to answer on.
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

  override _read(): void {
    this.#isWanted = true;
    this.#fill();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    if (this.#failure !== undefined) callback(this.#failure);
    else if (this.#raw.write(chunk)) callback();
    else this.#pending = callback;
  }

  override _writev(chunks: { chunk: Buffer }[], callback: Callback): void {
    if (this.#failure !== undefined) {
      callback(this.#failure);
      return;
    }
    let hasRoom = true;
    for (const { chunk } of chunks) hasRoom = this.#raw.write(chunk);
    if (hasRoom) callback();
    else this.#pending = callback;
  }

  override _final(callback: Callback): void {
    if (this.#failure !== undefined) {
      callback(this.#failure);
      return;
    }
    // 'finish' means that FIN has gone out: before that, destroy() would take it back.
    this.#pending = callback;
    if (this.#isClosed) this.#settlePending();
    else this.#raw.end();
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#incoming.clear();
    if (!this.#isClosed) this.#raw.reset(error ?? undefined);
    this.#settlePending(error ?? this.#failure);
    callback(error);
  }

  #onData(chunk: Uint8Array): void {
    if (this.destroyed) return;
    const isAwaited = this.#isWanted && this.#incoming.length === 0 && this.readableLength === 0;
    if (isAwaited && (this.readableFlowing === true || chunk.length >= READ_AHEAD / 4)) {
      this.#push(this.#own(chunk));
    } else {
      this.#incoming.push(this.#own(chunk));
      this.#fill();
    }
  }

  /**
   * Feeds the Readable one chunk when it has none, or all it wants. What waits here meanwhile grows together; in the
   * Readable's own buffer each little frame would stay an object of its own.
   */
  #fill(): void {
    while (this.#isWanted && this.#incoming.length > 0 && (this.#isStarved || this.readableLength === 0)) {
      this.#push(this.#incoming.shift()!);
    }
    if (this.#incoming.length > 0 || this.destroyed) return;
    if (this.#hasEnded && this.#isReading) {
      // Node tells the end at once, so that listeners would read on before this read has returned.
      process.nextTick(() => this.#fill());
      return;
    }
    if (this.#hasEnded) {
      this.#hasEnded = false;
      this.#toldEnd = true;
      this.push(null);
    }
    this.#failWhenRead();
  }

  #push(chunk: Uint8Array): void {
    this.#pushed += chunk.length;
    this.#isWanted = this.push(chunk);
    this.#credit();
  }

  /** What has left the Readable's buffer has been taken, by whichever of its many ways out. */
  #credit(): void {
    const taken = this.#pushed - this.readableLength;
    if (taken <= 0) return;
    this.#pushed -= taken;
    this.#raw.consume(taken);
    if (this.#failure !== undefined) this.#failWhenRead();
  }

  #settlePending(error?: Error | null): void {
    const callback = this.#pending;
    this.#pending = undefined;
    callback?.(error);
  }

  #onClose(error: MuxError | undefined): void {
    this.#isClosed = true;
    if (this.destroyed) return;
    if (error === undefined && this.writableEnded && this.writableLength === 0) {
      // Both halves are finished; or the session is closed, and nothing but our FIN was left to send.
      this.#settlePending();
      return;
    }
    // The peer said all it had to say: that we did not is an error for who goes on writing alone.
    this.#isWhole = error === undefined;
    this.#failure = error ?? this.#writtenTooLate();
    // A reset takes what was unread with it. A lost session does not, but who waits to write must not wait for a reader.
    if (!this.session.isOver || this.#pending !== undefined) this.destroy(this.#failure);
    else this.#failWhenRead();
  }

  #writtenTooLate(): MuxError {
    const what = `stream ${this.id} was written to when its session had been closed on this side`;
    return new MuxError('MUX_SESSION_CLOSED', what, { initiator: 'local', streamId: this.id });
  }

  #failWhenRead(): void {
    const isUnread = this.#incoming.length > 0 || this.readableLength > 0 || this.#hasEnded;
    if (this.#failure === undefined || isUnread) return;
    const error = this.#isWhole ? undefined : this.#failure;
    if (!this.#toldEnd || this.readableEnded) this.destroy(error);
    // The peer had finished its half: whoever reads gets that first.
    else if (!this.#failsAtEnd) this.once('end', () => this.destroy(error));
    this.#failsAtEnd = true;
  }
}

brand(MuxStream, 'pipework.MuxStream');
