/** The streams of a session: their ids, their limit, their windows, and how each is added and removed. */

import { DeadlineQueue } from './deadline-queue.ts';
import { MuxError, type MuxErrorCode } from './errors.ts';
import { Flag, FrameType, INITIAL_WINDOW } from './frame.ts';
import type { FrameWriter } from './frame-writer.ts';
import { IdMap } from './id-map.ts';
import { LeanStream, type LeanStreamHome } from './lean-stream.ts';
import type { SessionSettings } from './options.ts';
import { Scheduler } from './scheduler.ts';
import { StreamRecord } from './stream-record.ts';
import type { InitialOpening } from './stream-state.ts';

/** This id and all greater ones are never used. The reference implementation stops at the same id. */
const LAST_ID = 0xffff_fffe;

export class StreamTable implements LeanStreamHome {
  readonly scheduler: Scheduler;
  isLending = false;
  readonly #settings: SessionSettings;
  readonly #writer: FrameWriter;
  readonly #onRemoved: (stream: LeanStream) => void;
  readonly #streams = new IdMap<LeanStream>();
  /** Our streams whose SYN was sent and is unanswered. */
  readonly #unanswered: DeadlineQueue<LeanStream>;
  /** Our streams whose SYN is held back because too many are unanswered. */
  readonly #queued = new Set<LeanStream>();
  /** Streams on which we have sent FIN, but the peer's FIN has not arrived. */
  readonly #halfClosed: DeadlineQueue<LeanStream>;
  /**
   * How many bytes each stream's window has beyond the initial window. These bytes count against the
   * session's budget.
   */
  readonly #extraWindows = new IdMap<number>();
  #extraBytes = 0;
  #inbound = 0;
  #nextId: number;

  /** `onRemoved` is called for each stream that ends before the session does. */
  constructor(settings: SessionSettings, writer: FrameWriter, onRemoved: (stream: LeanStream) => void) {
    this.#settings = settings;
    this.#writer = writer;
    this.#onRemoved = onRemoved;
    this.#nextId = settings.role === 'client' ? 1 : 2;
    this.scheduler = new Scheduler(writer, {
      allotWindow: ({ id }) => this.#allotWindow(id),
      // The stream may be gone, because a handler that was told about the FIN may have reset the stream.
      onSent: ({ id }) => this.#streams.get(id)?.onSent(),
      onFinSent: ({ id }) => this.#onFinSent(this.#streams.get(id)!),
    });
    const { streamOpenTimeout, streamCloseTimeout, timers } = settings;
    const onUnanswered = (stream: LeanStream): void =>
      this.fail(stream, 'MUX_OPEN_TIMEOUT', `was not answered within ${streamOpenTimeout} ms`);
    this.#unanswered = new DeadlineQueue(streamOpenTimeout, onUnanswered, timers);
    const onOverdue = (stream: LeanStream): void => this.#onCloseOverdue(stream);
    this.#halfClosed = new DeadlineQueue(streamCloseTimeout, onOverdue, timers);
  }

  get size(): number {
    return this.#streams.size;
  }

  /** How many of our streams the peer has not answered, including those that are held back. */
  get unansweredCount(): number {
    return this.#unanswered.size + this.#queued.size;
  }

  /** True when the peer has `maxInboundStreams` streams open. */
  get isFull(): boolean {
    return this.#inbound >= this.#settings.maxInboundStreams;
  }

  get(id: number): LeanStream | undefined {
    return this.#streams.get(id);
  }

  [Symbol.iterator](): IterableIterator<LeanStream> {
    return this.#streams.values();
  }

  /** True if this id has the parity (odd or even) of the streams that the peer opens. */
  isPeers(id: number): boolean {
    return id !== 0 && id % 2 !== this.#nextId % 2;
  }

  /** Opens a stream of ours, immediately or after the peer has answered enough of our other streams. */
  open(): LeanStream {
    const id = this.#nextId;
    if (id >= LAST_ID) {
      throw new MuxError(
        'MUX_STREAMS_EXHAUSTED',
        'all stream ids of this session are used: start a new session',
      );
    }
    this.#nextId += 2;
    const mustWait = this.#unanswered.size >= this.#settings.acceptBacklog;
    const stream = this.#add(id, mustWait ? 'queued' : 'syn-due');
    if (mustWait) this.#queued.add(stream);
    else this.#sendSyn(stream);
    return stream;
  }

  /** Adds a stream that the peer opened. */
  admit(id: number): LeanStream {
    this.#inbound += 1;
    return this.#add(id, 'unaccepted');
  }

  /** Acknowledges a stream of the peer. Further calls do nothing. */
  accept(stream: LeanStream): void {
    if (stream.record.state.accept()) this.scheduler.owe(stream.record);
  }

  /** The peer has answered a stream of ours in any way, so another of our streams may open. */
  onAnswered(stream: LeanStream): void {
    this.#unanswered.delete(stream);
    this.#openQueued();
  }

  /** Removes a stream that has ended. If the stream was unanswered, a stream that is held back can open. */
  remove(stream: LeanStream): void {
    const { id, record } = stream;
    if (!this.#streams.delete(id)) return;
    if (this.isPeers(id)) this.#inbound -= 1;
    this.scheduler.forget(record);
    this.#halfClosed.delete(stream);
    this.#queued.delete(stream);
    this.#extraBytes -= this.#extraWindows.get(id) ?? 0;
    this.#extraWindows.delete(id);
    this.#onRemoved(stream);
    if (this.#unanswered.delete(stream)) this.#openQueued();
  }

  /** Removes and closes the stream if both halves have finished now. */
  removeIfFinished(stream: LeanStream): void {
    if (!stream.record.state.hasEnded) return;
    this.remove(stream);
    stream.close(undefined);
  }

  /** Resets a stream because the peer broke a rule or missed a time limit. */
  fail(stream: LeanStream, code: MuxErrorCode, what: string): void {
    this.resetByUs(stream);
    const message = `stream ${stream.id} ${what}: it was reset`;
    stream.close(new MuxError(code, message, { initiator: 'remote', streamId: stream.id }));
  }

  resetByUs(stream: LeanStream): void {
    const { isKnownToPeer } = stream.record.state;
    stream.record.state.close();
    this.remove(stream);
    if (isKnownToPeer) this.#writer.reply(FrameType.WindowUpdate, Flag.RST, stream.id, 0);
  }

  resetByPeer(stream: LeanStream): void {
    this.#endByPeer(stream, 'MUX_STREAM_RESET', 'was reset by the peer');
  }

  /**
   * Ends our streams whose SYN was not sent yet. The peer accepts no new streams, so these streams can never
   * open.
   */
  dropQueued(): void {
    for (const stream of this.#queued) {
      this.#endByPeer(stream, 'MUX_GO_AWAY', 'was not open yet when the peer went away');
    }
  }

  /** Ends every stream, because the session ends. Each stream keeps the bytes that it has received. */
  closeAll(error: (stream: LeanStream) => MuxError | undefined): void {
    this.#unanswered.clear();
    this.#halfClosed.clear();
    this.#queued.clear();
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    this.#inbound = 0;
    for (const stream of streams) {
      this.scheduler.forget(stream.record);
      stream.abandon(error(stream));
    }
  }

  #add(id: number, opening: InitialOpening): LeanStream {
    const stream = new LeanStream(new StreamRecord(id, opening), this.scheduler, this);
    this.#streams.set(id, stream);
    return stream;
  }

  /**
   * Returns the window size that the session's budget allows for this stream, and counts it against the
   * budget.
   */
  #allotWindow(id: number): number {
    const extra = this.#settings.maxStreamWindowSize - INITIAL_WINDOW;
    if (extra === 0 || this.#extraBytes + extra > this.#settings.windowBudget) return INITIAL_WINDOW;
    this.#extraBytes += extra;
    this.#extraWindows.set(id, extra);
    return INITIAL_WINDOW + extra;
  }

  #endByPeer(stream: LeanStream, code: MuxErrorCode, what: string): void {
    const { id: streamId } = stream;
    stream.record.state.close();
    this.remove(stream);
    stream.close(new MuxError(code, `stream ${streamId} ${what}`, { initiator: 'remote', streamId }));
  }

  #sendSyn(stream: LeanStream): void {
    this.#unanswered.add(stream);
    this.scheduler.owe(stream.record);
  }

  #openQueued(): void {
    for (const stream of this.#queued) {
      if (this.#unanswered.size >= this.#settings.acceptBacklog) return;
      this.#queued.delete(stream);
      stream.record.state.leaveQueue();
      this.#sendSyn(stream);
      this.scheduler.wake(stream.record);
    }
  }

  #onFinSent(stream: LeanStream): void {
    stream.onFinished();
    if (stream.record.state.hasEnded) this.removeIfFinished(stream);
    else this.#halfClosed.add(stream);
  }

  #onCloseOverdue(stream: LeanStream): void {
    const { record } = stream;
    if (record.wasHeard) {
      // The peer may be sending a long download, although our half of the stream, with the request, has
      // ended.
      record.wasHeard = false;
      this.#halfClosed.add(stream);
      return;
    }
    const ms = this.#settings.streamCloseTimeout;
    this.fail(stream, 'MUX_CLOSE_TIMEOUT', `was not finished by the peer within ${ms} ms of our FIN`);
  }
}
