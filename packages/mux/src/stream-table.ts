/** The streams of a session: ids, how many there may be, what windows they get, and how each comes and goes. */

import { DeadlineQueue } from './deadline-queue.ts';
import { MuxError, type MuxErrorCode } from './errors.ts';
import { Flag, FrameType, INITIAL_WINDOW } from './frame.ts';
import type { FrameWriter } from './frame-writer.ts';
import type { SessionSettings } from './options.ts';
import { Scheduler } from './scheduler.ts';
import type { Session } from './session.ts';
import { StreamCore, type StreamHome } from './stream-core.ts';

/** Ids from here on are never used: the reference stops at the same one. */
const LAST_ID = 0xffff_fffe;

export class StreamTable implements StreamHome {
  readonly scheduler: Scheduler;
  isLending = false;
  readonly #session: Session;
  readonly #settings: SessionSettings;
  readonly #writer: FrameWriter;
  readonly #onRemoved: (stream: StreamCore) => void;
  readonly #streams = new Map<number, StreamCore>();
  /** Ours, whose SYN is out and unanswered. */
  readonly #unanswered: DeadlineQueue<StreamCore>;
  /** Ours, whose SYN waits because too many are unanswered. */
  readonly #queued = new Set<StreamCore>();
  /** Our FIN is out, the peer's has not come. */
  readonly #halfClosed: DeadlineQueue<StreamCore>;
  readonly #extraWindows = new Map<StreamCore, number>();
  #extraBytes = 0;
  #inbound = 0;
  #nextId: number;

  /** `onRemoved` hears of each stream that ends before the session does. */
  constructor(
    session: Session,
    settings: SessionSettings,
    writer: FrameWriter,
    onRemoved: (stream: StreamCore) => void,
  ) {
    this.#session = session;
    this.#settings = settings;
    this.#writer = writer;
    this.#onRemoved = onRemoved;
    this.#nextId = settings.role === 'client' ? 1 : 2;
    this.scheduler = new Scheduler(writer, (stream) => this.#onFinSent(stream));
    const { streamOpenTimeout, streamCloseTimeout } = settings;
    this.#unanswered = new DeadlineQueue(streamOpenTimeout, (stream) => {
      this.fail(stream, 'MUX_OPEN_TIMEOUT', `was not answered within ${streamOpenTimeout} ms`);
    });
    this.#halfClosed = new DeadlineQueue(streamCloseTimeout, (stream) => this.#onCloseOverdue(stream));
  }

  get size(): number {
    return this.#streams.size;
  }

  /** Our streams that the peer has not answered, those not sent yet included. */
  get unansweredCount(): number {
    return this.#unanswered.size + this.#queued.size;
  }

  /** As many streams of the peer's are open as may be. */
  get isFull(): boolean {
    return this.#inbound >= this.#settings.maxInboundStreams;
  }

  get(id: number): StreamCore | undefined {
    return this.#streams.get(id);
  }

  [Symbol.iterator](): IterableIterator<StreamCore> {
    return this.#streams.values();
  }

  /** True for ids that the peer opens streams under. */
  isPeers(id: number): boolean {
    return id !== 0 && id % 2 !== this.#nextId % 2;
  }

  /** Opens a stream of ours: at once, or when the peer has answered enough of the others. */
  open(): StreamCore {
    const id = this.#nextId;
    if (id >= LAST_ID) {
      throw new MuxError(
        'MUX_STREAMS_EXHAUSTED',
        'all stream ids of this session are used: start a new session',
      );
    }
    this.#nextId += 2;
    const mustWait = this.#unanswered.size >= this.#settings.acceptBacklog;
    const stream = new StreamCore(id, this.#session, this, mustWait ? 'queued' : 'syn-due');
    this.#streams.set(id, stream);
    if (mustWait) this.#queued.add(stream);
    else this.#sendSyn(stream);
    return stream;
  }

  /** Adds a stream that the peer opened. */
  admit(id: number): StreamCore {
    const stream = new StreamCore(id, this.#session, this, 'unaccepted');
    this.#streams.set(id, stream);
    this.#inbound += 1;
    return stream;
  }

  /** Acknowledges a stream of the peer's, once. */
  accept(stream: StreamCore): void {
    if (stream.state.accept()) this.scheduler.owe(stream);
  }

  /** The peer has answered a stream of ours, in whatever way: another may open. */
  answered(stream: StreamCore): void {
    this.#unanswered.delete(stream);
    this.#openQueued();
  }

  /** Takes a stream off the table that is over for both sides. */
  remove(stream: StreamCore): void {
    if (!this.#streams.delete(stream.id)) return;
    if (this.isPeers(stream.id)) this.#inbound -= 1;
    this.scheduler.forget(stream);
    this.#halfClosed.delete(stream);
    this.#queued.delete(stream);
    this.#extraBytes -= this.#extraWindows.get(stream) ?? 0;
    this.#extraWindows.delete(stream);
    this.#onRemoved(stream);
    if (this.#unanswered.delete(stream)) this.#openQueued();
  }

  /** Both halves may have finished now. */
  settle(stream: StreamCore): void {
    if (!stream.state.isOver) return;
    this.remove(stream);
    stream.close(undefined);
  }

  /** Resets a stream for what the peer did or left undone. */
  fail(stream: StreamCore, code: MuxErrorCode, what: string): void {
    this.resetByUs(stream);
    const message = `stream ${stream.id} ${what}: it was reset`;
    stream.close(new MuxError(code, message, { initiator: 'remote', streamId: stream.id }));
  }

  resetByUs(stream: StreamCore): void {
    const { isKnownToPeer } = stream.state;
    stream.state.reset();
    this.remove(stream);
    if (isKnownToPeer) this.#writer.reply(FrameType.WindowUpdate, Flag.RST, stream.id, 0);
  }

  resetByPeer(stream: StreamCore): void {
    stream.state.reset();
    this.remove(stream);
    const { id: streamId } = stream;
    const message = `stream ${streamId} was reset by the peer`;
    stream.close(new MuxError('MUX_STREAM_RESET', message, { initiator: 'remote', streamId }));
  }

  allotWindow(stream: StreamCore): number {
    const extra = this.#settings.maxStreamWindowSize - INITIAL_WINDOW;
    if (extra === 0 || this.#extraBytes + extra > this.#settings.windowBudget) return INITIAL_WINDOW;
    this.#extraBytes += extra;
    this.#extraWindows.set(stream, extra);
    return INITIAL_WINDOW + extra;
  }

  /** The peer takes no new streams: those it has not heard of can't open any more. */
  dropQueued(): void {
    for (const stream of this.#queued) {
      stream.state.reset();
      this.remove(stream);
      const { id: streamId } = stream;
      const message = `stream ${streamId} was not open yet when the peer went away`;
      stream.close(new MuxError('MUX_GO_AWAY', message, { initiator: 'remote', streamId }));
    }
  }

  /** The session is over: every stream ends, and keeps what it had received. */
  closeAll(error: (stream: StreamCore) => MuxError | undefined): void {
    this.#unanswered.clear();
    this.#halfClosed.clear();
    this.#queued.clear();
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    this.#inbound = 0;
    for (const stream of streams) {
      this.scheduler.forget(stream);
      stream.abandon(error(stream));
    }
  }

  #sendSyn(stream: StreamCore): void {
    this.#unanswered.add(stream);
    this.scheduler.owe(stream);
  }

  #openQueued(): void {
    for (const stream of this.#queued) {
      if (this.#unanswered.size >= this.#settings.acceptBacklog) return;
      this.#queued.delete(stream);
      stream.state.leaveQueue();
      this.#sendSyn(stream);
      this.scheduler.wake(stream);
    }
  }

  #onFinSent(stream: StreamCore): void {
    stream.onFinished();
    if (stream.state.isOver) this.settle(stream);
    else this.#halfClosed.add(stream);
  }

  #onCloseOverdue(stream: StreamCore): void {
    if (stream.wasHeard) {
      // A long download through a stream whose request has ended is alive.
      stream.wasHeard = false;
      this.#halfClosed.add(stream);
      return;
    }
    const ms = this.#settings.streamCloseTimeout;
    this.fail(stream, 'MUX_CLOSE_TIMEOUT', `was not finished by the peer within ${ms} ms of our FIN`);
  }
}
