/**
 * Runs a session: joins the session's parts, begins and ends it, and reacts to the transport and the peer.
 */

import { AcceptQueue } from './accept-queue.ts';
import { frameChannel, FramePublisher, printFramesIfAsked } from './debug.ts';
import * as ended from './ended.ts';
import { MuxError } from './errors.ts';
import { Flag, FrameType, GoAwayCode, type FrameHeader } from './frame.ts';
import { FrameDecoder } from './frame-decoder.ts';
import { FrameWriter } from './frame-writer.ts';
import { Inbound } from './inbound.ts';
import type { LeanStream } from './lean-stream.ts';
import { DEFAULT_PING_TIMEOUT, type SessionSettings } from './options.ts';
import { Pings } from './pings.ts';
import { Pipe } from './pipe.ts';
import type { RawStream } from './raw-stream.ts';
import { heldBytesOf, queuedBytesOf, type SessionStats } from './session-stats.ts';
import { StreamTable } from './stream-table.ts';
import type { Transport } from './transport.ts';

/**
 * If this many bytes of replies (to pings and to refused streams) wait for the peer to read them, we stop
 * reading from the peer.
 */
const REPLY_LIMIT = 64 * 1024;

let sessions = 0;

/** A session without a public interface. Users see it as a {@link Session} or as a lean session. */
export class SessionEngine {
  readonly settings: SessionSettings;
  /** The session's name and number in this process. */
  readonly label: string;
  readonly closed: Promise<void>;
  readonly #frames: FramePublisher;
  readonly #pipe: Pipe;
  readonly #decoder: FrameDecoder;
  readonly #writer: FrameWriter;
  readonly #table: StreamTable;
  readonly #acceptQueue: AcceptQueue;
  readonly #pings: Pings;
  #settleClosed!: (fault: MuxError | undefined) => void;
  #reason: MuxError | undefined;
  #weWentAway = false;
  #peerWentAway = false;
  /** True if our half of the transport was ended on purpose. */
  #hasEndedOutput = false;

  constructor(transport: Transport, settings: SessionSettings) {
    this.settings = settings;
    this.#pipe = this.#makePipe(transport);
    sessions += 1;
    this.label = `${settings.name}#${sessions}`;
    this.#frames = new FramePublisher(this.label);
    printFramesIfAsked();
    this.closed = new Promise((resolve, reject) => {
      this.#settleClosed = (fault) => (fault === undefined ? resolve() : reject(fault));
    });
    // Users need not watch `closed`, because every stream reports the end of the session too.
    this.closed.catch(() => {});
    this.#writer = this.#makeWriter();
    this.#table = new StreamTable(settings, this.#writer, (stream) => this.#acceptQueue.delete(stream));
    this.#acceptQueue = new AcceptQueue(settings.acceptBacklog, this.#table);
    this.#pings = this.#makePings();
    this.#decoder = new FrameDecoder(this.#makeInbound());
    this.#pipe.listen();
  }

  /** Why the session has ended; undefined while the session is open. */
  get reason(): MuxError | undefined {
    return this.#reason;
  }

  get streamCount(): number {
    return this.#table.size;
  }

  stats(): SessionStats {
    return {
      streams: this.#table.size,
      unaccepted: this.#acceptQueue.size,
      unanswered: this.#table.unansweredCount,
      heldBytes: heldBytesOf(this.#table),
      queuedBytes: queuedBytesOf(this.#table, this.#writer, this.#pipe),
    };
  }

  open(): LeanStream {
    if (this.#reason !== undefined) throw this.#errorFor('a stream cannot be opened', this.#reason);
    if (this.#peerWentAway)
      throw new MuxError('MUX_GO_AWAY', 'the peer has sent go-away, so it accepts no new streams');
    return this.#table.open();
  }

  /**
   * Accepts every stream that the peer opens, and hands it to `onStream`. Must be called before the first
   * stream arrives.
   */
  takeStreamsBy(onStream: (stream: RawStream) => void): void {
    this.#acceptQueue.onStream = onStream;
  }

  async accept(signal: AbortSignal | undefined): Promise<LeanStream> {
    const stream = await this.#acceptQueue.take(signal);
    if (stream !== undefined) return stream;
    throw this.#errorFor('no stream can be accepted', this.#reason!);
  }

  /**
   * Accepts and yields the streams that the peer opens, until the session ends. Throws if the session ended
   * by a fault.
   */
  async *incoming(): AsyncGenerator<LeanStream, void, undefined> {
    const take = (): Promise<LeanStream | undefined> => this.#acceptQueue.take();
    for (let stream = await take(); stream !== undefined; stream = await take()) yield stream;
  }

  ping(): Promise<number> {
    if (this.#reason !== undefined)
      return Promise.reject(this.#errorFor('a ping cannot be sent', this.#reason));
    return this.#pings.ask();
  }

  feed(chunk: Uint8Array): void {
    this.#table.isLending = true;
    try {
      this.#onChunk(chunk);
    } finally {
      this.#table.isLending = false;
    }
  }

  goAway(): void {
    if (this.#weWentAway || this.#reason !== undefined) return;
    this.#weWentAway = true;
    this.#writer.control(FrameType.GoAway, 0, 0, GoAwayCode.Normal);
  }

  flush(): void {
    if (this.#reason !== undefined) return;
    this.#table.scheduler.fillAll();
    this.#writer.force();
  }

  endOutput(): void {
    if (this.#hasEndedOutput || this.#reason !== undefined) return;
    this.#hasEndedOutput = true;
    this.#pipe.expectEnd();
    this.#table.scheduler.fillAll();
    this.goAway();
    this.#writer.end();
    // We send no more replies, so the reply limit must not keep reading paused.
    this.#pipe.resume();
  }

  async close(): Promise<void> {
    if (this.#reason === undefined) {
      this.endOutput();
      this.#finish(ended.byUs(this.label), false);
    }
    this.#pipe.awaitClose();
    await this.closed.catch(() => {
      // A session that has failed counts as closed too. Only users of `closed` get the fault.
    });
  }

  // ── the parts ────────────────────────────────────────────────────────────────────────────────────────────────────

  #makePipe(transport: Transport): Pipe {
    const owner = {
      onChunk: (chunk: Uint8Array) => this.#onChunk(chunk),
      onEnd: () => this.#onTransportEnd(),
      onError: (error: Error) => this.#onTransportError(error),
      onWritableLost: () => {
        this.#writer.abandon();
        this.#pipe.resume();
      },
    };
    return new Pipe(transport, owner, this.settings.timers);
  }

  #makeWriter(): FrameWriter {
    const { connectionWriteTimeout, timers } = this.settings;
    return new FrameWriter(this.#pipe.writable, {
      stallTimeoutMs: connectionWriteTimeout,
      timers,
      onWritable: () => this.#onWritable(),
      onStalled: () => this.#fault(ended.byStall(this.label, connectionWriteTimeout)),
      onFrame: (type, flags, streamId, length) => {
        if (frameChannel.hasSubscribers) this.#frames.add({ type, flags, streamId, length });
      },
      isWatched: () => this.#frames.areLeaving,
      onLeaving: () => this.#frames.leave(),
    });
  }

  #makePings(): Pings {
    const { connectionWriteTimeout, enableKeepAlive, keepAliveInterval, timers } = this.settings;
    const send = (value: number): void => {
      this.#writer.control(FrameType.Ping, Flag.SYN, 0, value);
      this.#writer.leave();
    };
    const pings = new Pings(send, connectionWriteTimeout || DEFAULT_PING_TIMEOUT, timers);
    if (enableKeepAlive) {
      pings.keepAlive(
        keepAliveInterval,
        () => this.#pipe.wasHeard(),
        (cause) => this.#fault(ended.bySilence(this.label, cause)),
      );
    }
    return pings;
  }

  #makeInbound(): Inbound {
    const home = {
      onFrame: (header: FrameHeader) => {
        if (frameChannel.hasSubscribers) this.#frames.received(header);
      },
      fault: (error: MuxError) => this.#fault(error),
      mayAdmit: () => !this.#weWentAway && !this.#table.isFull && this.#acceptQueue.hasRoom,
      onOpened: (stream: LeanStream) => this.#acceptQueue.push(stream),
      onGoAway: (code: number) => this.#onGoAway(code),
    };
    const { settings } = this;
    return new Inbound(home, { settings, table: this.#table, writer: this.#writer, pings: this.#pings });
  }

  // ── events of the transport and the peer ─────────────────────────────────────────────────────────────────────────

  #onChunk(chunk: Uint8Array): void {
    if (this.#reason !== undefined) return;
    this.#pipe.onHeard();
    this.#writer.beginDispatch();
    try {
      this.#decoder.push(chunk);
    } finally {
      this.#writer.endDispatch();
    }
    if (this.#writer.waitingReplyBytes >= REPLY_LIMIT) this.#pipe.pause();
  }

  #onWritable(): void {
    this.#writer.flush();
    this.#table.scheduler.fill();
    if (this.#writer.waitingReplyBytes < REPLY_LIMIT) this.#pipe.resume();
  }

  #onTransportEnd(): void {
    if (this.#reason !== undefined) return;
    if (this.#decoder.isAtBoundary) {
      const open = [...this.#table].filter((stream) => !this.#isWhole(stream)).length;
      this.#finish(ended.byTransport(this.label, open), open > 0);
    } else {
      this.#finish(ended.withinFrame(this.label, this.#decoder.missing), true);
    }
  }

  #onTransportError(cause: Error): void {
    this.#finish(ended.byFailure(this.label, cause), true);
  }

  #onGoAway(code: number): void {
    this.#peerWentAway = true;
    if (code === GoAwayCode.Normal) {
      this.#table.dropQueued();
      return;
    }
    this.#finish(ended.byPeer(this.label, code), true);
  }

  // ── the end ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Ends the session because of a fault of the peer or the pipe. If the peer still reads, it gets the reason
   * in a go-away.
   */
  #fault(error: MuxError): void {
    if (this.#reason !== undefined) return;
    this.#writer.control(FrameType.GoAway, 0, 0, error.goAway ?? GoAwayCode.InternalError);
    this.#finish(error, true);
  }

  /**
   * Ends the session. Every end of the session calls this method. The first reason counts, and everything
   * that is pending settles with that reason.
   */
  #finish(reason: MuxError, isFault: boolean): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#decoder.stop();
    this.#writer.end();
    this.#table.closeAll((stream) =>
      this.#isWhole(stream)
        ? undefined
        : this.#errorFor(`stream ${stream.id} was cut off`, reason, stream.id),
    );
    this.#pings.close(this.#errorFor('a ping was not answered', reason));
    // Streams that the peer opened before the end can still be accepted and read, unless we closed the
    // session.
    if (reason.initiator === 'local') this.#acceptQueue.clear();
    this.#acceptQueue.end(isFault ? this.#errorFor('no stream can be accepted', reason) : undefined);
    this.#pipe.letGo(isFault, () => this.#settleClosed(isFault ? reason : undefined));
  }

  /**
   * True if we had ended our half on purpose, the peer finished the stream, and all our bytes on the stream
   * were sent.
   */
  #isWhole({ record }: LeanStream): boolean {
    return this.#hasEndedOutput && record.state.receiving === 'finished' && record.outgoing.length === 0;
  }

  #errorFor(what: string, { code, message, initiator, goAway }: MuxError, streamId?: number): MuxError {
    return new MuxError(code, `${what}: ${message}`, { initiator, streamId, goAway, cause: this.#reason });
  }
}
