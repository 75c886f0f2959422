/** One multiplexed connection: what its user sees, its beginning, its end, and the pipe between. */

import { AcceptQueue } from './accept-queue.ts';
import { frameChannel, FramePublisher, printFramesWhereAsked } from './debug.ts';
import * as ended from './ended.ts';
import { MuxError } from './errors.ts';
import { Flag, FrameType, GoAwayCode, type FrameHeader } from './frame.ts';
import { FrameDecoder } from './frame-decoder.ts';
import { FrameWriter } from './frame-writer.ts';
import { Inbound } from './inbound.ts';
import type { MuxStream } from './mux-stream.ts';
import {
  DEFAULT_PING_TIMEOUT,
  settle,
  type Role,
  type SessionOptions,
  type SessionSettings,
} from './options.ts';
import { Pings } from './pings.ts';
import { Pipe } from './pipe.ts';
import type { RawStream } from './raw-stream.ts';
import type { StreamCore } from './stream-core.ts';
import { heldBytesOf, queuedBytesOf, type SessionStats } from './session-stats.ts';
import { StreamTable } from './stream-table.ts';
import type { Transport } from './transport.ts';

/** Answers (to pings, to streams that are refused) that may wait for the peer to read before we stop reading it. */
const REPLY_LIMIT = 64 * 1024;

let sessions = 0;

/**
 * Yamux over a pair of byte pipes: any number of streams, opened by either end, each with its own back-pressure.
 *
 * When the session ends, for whatever reason, every stream that is still open, every ping and every accept ends with an
 * error of its own whose `cause` is the one reason. A transport that ends while streams are open is an error too.
 */
export class Session {
  /** Settles when the session is over and its transport let go; rejects with the reason where it was a fault. */
  readonly closed: Promise<void>;

  readonly #settings: SessionSettings;
  readonly #label: string;
  readonly #frames: FramePublisher;
  readonly #pipe: Pipe;
  readonly #decoder: FrameDecoder;
  readonly #writer: FrameWriter;
  readonly #table: StreamTable;
  readonly #acceptQueue: AcceptQueue;
  readonly #pings: Pings;
  #settleClosed!: (fault: MuxError | undefined) => void;
  /** Why the session is over. */
  #reason: MuxError | undefined;
  #weWentAway = false;
  #peerWentAway = false;
  #weEnded = false;

  /** Takes the transport over at once. Throws `MUX_OPTION_INVALID` where an option is not what it must be. */
  constructor(transport: Transport, options: SessionOptions) {
    const settings = settle(options);
    this.#settings = settings;
    this.#pipe = new Pipe(transport, {
      onChunk: (chunk) => this.#onChunk(chunk),
      onEnd: () => this.#onTransportEnd(),
      onError: (error) => this.#onTransportError(error),
      onWritableLost: () => {
        this.#writer.abandon();
        this.#pipe.resume();
      },
    });
    sessions += 1;
    this.#label = `${settings.name}#${sessions}`;
    this.#frames = new FramePublisher(this.#label);
    printFramesWhereAsked();

    this.closed = new Promise((resolve, reject) => {
      this.#settleClosed = (fault) => (fault === undefined ? resolve() : reject(fault));
    });
    // Nobody has to listen: every stream hears of the end by itself.
    this.closed.catch(() => {});

    this.#writer = new FrameWriter(this.#pipe.writable, {
      stallTimeoutMs: settings.connectionWriteTimeout,
      onWritable: () => this.#onWritable(),
      onStalled: () => this.#fault(ended.byStall(this.#label, settings.connectionWriteTimeout)),
      onFrame: (type, flags, streamId, length) => {
        if (frameChannel.hasSubscribers) this.#frames.add({ type, flags, streamId, length });
      },
      isWatched: () => this.#frames.areLeaving,
      onLeaving: () => this.#frames.leave(),
    });
    this.#table = new StreamTable(this, settings, this.#writer, (stream) => this.#acceptQueue.delete(stream));
    this.#acceptQueue = new AcceptQueue(settings, this.#table);
    const pingTimeout = settings.connectionWriteTimeout || DEFAULT_PING_TIMEOUT;
    this.#pings = new Pings((value) => {
      this.#writer.control(FrameType.Ping, Flag.SYN, 0, value);
      this.#writer.leave();
    }, pingTimeout);
    this.#decoder = new FrameDecoder(this.#makeInbound());
    this.#pipe.listen();
    if (!settings.enableKeepAlive) return;
    const wasHeard = (): boolean => this.#pipe.wasHeard();
    this.#pings.keepAlive(settings.keepAliveInterval, wasHeard, (cause) => {
      this.#fault(ended.bySilence(this.#label, cause));
    });
  }

  /** Which end this is. */
  get role(): Role {
    return this.#settings.role;
  }

  /** The session's name and number in this process, as debug output has it: `host#1`. */
  get label(): string {
    return this.#label;
  }

  /** Streams open now, by either side. */
  get streamCount(): number {
    return this.#table.size;
  }

  /** True once the session is over, whether or not the transport has been let go. */
  get isOver(): boolean {
    return this.#reason !== undefined;
  }

  /** Bytes written on all streams that have not left: what waits here, and what the transport itself holds. */
  get queuedBytes(): number {
    return queuedBytesOf(this.#table, this.#writer, this.#pipe);
  }

  /** What the session holds at this moment. Looks at every stream: not for every message. */
  stats(): SessionStats {
    return {
      streams: this.#table.size,
      unaccepted: this.#acceptQueue.size,
      unanswered: this.#table.unansweredCount,
      heldBytes: heldBytesOf(this.#table),
      queuedBytes: this.queuedBytes,
    };
  }

  /**
   * Opens a stream at once: bytes may be written before the peer accepts. While as many of ours as its backlog takes are
   * unanswered, further ones wait here by themselves. Throws once the session is over (the reason) or the peer has gone
   * away (`MUX_GO_AWAY`).
   */
  openStream(): MuxStream {
    return this.openRaw().toDuplex();
  }

  /** Like {@link openStream}, lean: see {@link RawStream}. */
  openRaw(): RawStream {
    if (this.#reason !== undefined) throw this.#errorFor('a stream can not be opened', this.#reason);
    if (this.#peerWentAway)
      throw new MuxError('MUX_GO_AWAY', 'the peer has gone away: it takes no new streams');
    return this.#table.open();
  }

  /**
   * The next stream that the peer opened, acknowledged. Rejects once the session is over, and with the signal's reason
   * once that aborts.
   */
  async acceptStream(options: { signal?: AbortSignal } = {}): Promise<MuxStream> {
    const stream = await this.#acceptQueue.take(options.signal);
    if (stream !== undefined) return stream.toDuplex();
    throw this.#errorFor('no stream can be accepted', this.#reason!);
  }

  /** The streams that the peer opens, until the session ends; throws where that was a fault. */
  async *[Symbol.asyncIterator](): AsyncGenerator<MuxStream, void, undefined> {
    const take = (): Promise<StreamCore | undefined> => this.#acceptQueue.take();
    for (let stream = await take(); stream !== undefined; stream = await take()) yield stream.toDuplex();
  }

  /** The round trip to the peer and back, in milliseconds. Rejects with `MUX_PING_TIMEOUT`, or as the session ends. */
  ping(): Promise<number> {
    if (this.#reason !== undefined)
      return Promise.reject(this.#errorFor('no ping can be sent', this.#reason));
    return this.#pings.ask();
  }

  /**
   * Takes bytes from the peer that do not come as the readable's chunks but in a buffer that is read into again, as with
   * `onread` of a `net.Socket`. They are lent until this returns: what is kept of them is copied. The readable still tells
   * of its end, and is paused and resumed.
   */
  feed(chunk: Uint8Array): void {
    this.#table.isLending = true;
    try {
      this.#onChunk(chunk);
    } finally {
      this.#table.isLending = false;
    }
  }

  /** Tells the peer to open no more streams; those that it opens all the same are reset. Open streams go on. */
  goAway(): void {
    if (this.#weWentAway || this.#reason !== undefined) return;
    this.#weWentAway = true;
    this.#writer.control(FrameType.GoAway, 0, 0, GoAwayCode.Normal);
  }

  /**
   * Hands everything that fits the peer's windows to the transport now, whether or not that is full: for the moment
   * before the process ends, where neither a turn's end nor a drain comes any more.
   */
  flush(): void {
    if (this.#reason !== undefined) return;
    this.#table.scheduler.fillAll();
    this.#writer.force();
  }

  /**
   * Goes away, and ends our half of the transport behind what fits the peer's windows: what is left, or written later,
   * never leaves, and its stream ends with an error. Reading goes on until the peer ends its half: what it still sends is
   * delivered, and other streams that it finishes end without an error.
   */
  endOutput(): void {
    if (this.#weEnded || this.#reason !== undefined) return;
    this.#weEnded = true;
    this.#pipe.expectEnd();
    this.#table.scheduler.fillAll();
    this.goAway();
    this.#writer.end();
    // Answers that nobody takes are no longer a reason not to hear the questions.
    this.#pipe.resume();
  }

  /**
   * Ends the session: sends what fits the peer's windows and a go-away, ends every stream that is still open with
   * `MUX_SESSION_CLOSED`, and lets go of the transport. Never rejects; the same promise however often it is called.
   */
  async close(): Promise<void> {
    if (this.#reason === undefined) {
      this.endOutput();
      this.#finish(ended.byUs(this.#label), false);
    }
    this.#pipe.awaitClose();
    await this.closed.catch(() => {
      // The fault is for who asks `closed`: closing what has failed has succeeded.
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  // ── the pipe ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #onChunk(chunk: Uint8Array): void {
    if (this.#reason !== undefined) return;
    this.#pipe.heard();
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
      const open = [...this.#table].filter((stream) => !this.#isFinishedEnough(stream)).length;
      this.#finish(ended.byTransport(this.#label, open), open > 0);
    } else {
      this.#finish(ended.withinFrame(this.#label, this.#decoder.missing), true);
    }
  }

  #onTransportError(cause: Error): void {
    this.#finish(ended.byFailure(this.#label, cause), true);
  }

  // ── what the peer's frames do ────────────────────────────────────────────────────────────────────────────────────

  #makeInbound(): Inbound {
    const home = {
      onFrame: (header: FrameHeader) => {
        if (frameChannel.hasSubscribers) this.#frames.received(header);
      },
      fault: (error: MuxError) => this.#fault(error),
      mayAdmit: () => !this.#weWentAway && !this.#table.isFull && this.#acceptQueue.hasRoom,
      onOpened: (stream: StreamCore) => this.#acceptQueue.push(stream),
      onGoAway: (code: number) => this.#onGoAway(code),
    };
    return new Inbound(home, {
      settings: this.#settings,
      table: this.#table,
      writer: this.#writer,
      pings: this.#pings,
    });
  }

  #onGoAway(code: number): void {
    this.#peerWentAway = true;
    if (code === GoAwayCode.Normal) {
      this.#table.dropQueued();
      return;
    }
    this.#finish(ended.byPeer(this.#label, code), true);
  }

  // ── the end ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The peer, or the pipe, has failed us: the peer is told why, as far as it still listens. */
  #fault(error: MuxError): void {
    if (this.#reason !== undefined) return;
    this.#writer.control(FrameType.GoAway, 0, 0, error.goAway ?? GoAwayCode.InternalError);
    this.#finish(error, true);
  }

  /** The one door out: the first reason wins, and everything that waits settles with it. */
  #finish(reason: MuxError, isFault: boolean): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#decoder.stop();
    this.#writer.end();
    this.#table.closeAll((stream) =>
      this.#isFinishedEnough(stream)
        ? undefined
        : this.#errorFor(`stream ${stream.id} was cut off`, reason, stream.id),
    );
    this.#pings.close(this.#errorFor('a ping was not answered', reason));
    // What the peer had sent before it ended can still be taken and read; what we closed ourselves nobody wants.
    if (reason.initiator === 'local') this.#acceptQueue.clear();
    this.#acceptQueue.end(isFault ? this.#errorFor('no stream can be accepted', reason) : undefined);
    this.#pipe.letGo(isFault, () => this.#settleClosed(isFault ? reason : undefined));
  }

  /** Our half of the transport was ended on purpose: a stream that the peer finished is whole. */
  #isFinishedEnough(stream: StreamCore): boolean {
    return this.#weEnded && stream.state.receiving === 'finished' && stream.outgoing.length === 0;
  }

  #errorFor(what: string, { code, message, initiator, goAway }: MuxError, streamId?: number): MuxError {
    return new MuxError(code, `${what}: ${message}`, { initiator, streamId, goAway, cause: this.#reason });
  }
}
