/** Decides which of the peer's calls may run, over all conversations of a session. */
import type { Limits } from '../base/limits.ts';

/** A call of the peer that waits for room. */
export interface WaitingCall {
  /** The owner of the call. {@link CallQueue.abandon} removes all calls of one owner. */
  readonly owner: object;
  /** Called once there is room. The call then counts as running. */
  begin(): void;
  /** Called instead of `begin` if the conversation ends first. */
  abandon(): void;
}

/** The counts of calls that a {@link CallQueue} reads and updates. */
export interface CallCounts {
  /** Running calls of the peer, without callbacks. */
  runningCalls: number;
  /** Running calls of the peer to callbacks and services of this side. */
  runningCallbacks: number;
  /** Calls made here that are not answered yet. */
  pendingCalls: number;
  /** Streams of the peer that are being read here. */
  valueStreams: number;
}

/**
 * Lets `maxRunningCalls` calls run at a time. At most `maxQueuedCalls` others wait, and start in the order in
 * which they arrived. Callbacks never wait. At most `maxRunningCallbacks` run at a time, and further
 * callbacks are refused.
 */
export class CallQueue {
  readonly #counts: CallCounts;
  readonly #limits: Pick<Limits, 'maxRunningCalls' | 'maxQueuedCalls' | 'maxRunningCallbacks'>;
  #waiting: WaitingCall[] = [];
  #isBeginning = false;

  /** Keeps `counts.runningCalls` and `counts.runningCallbacks` up to date. */
  constructor(
    counts: CallCounts,
    limits: Pick<Limits, 'maxRunningCalls' | 'maxQueuedCalls' | 'maxRunningCallbacks'>,
  ) {
    this.#counts = counts;
    this.#limits = limits;
  }

  /** True if a further call can neither run nor wait. */
  get isFull(): boolean {
    return !this.#hasRoom && this.#waiting.length >= this.#limits.maxQueuedCalls;
  }

  /**
   * True if one more call may run. A running call that waits for an answer or a stream of the peer does not
   * count, because the peer may need a further call to this side before it answers or sends an item. Only the
   * numbers are compared, because this side does not know which running call waits for which answer or stream.
   */
  get #hasRoom(): boolean {
    const { runningCalls, pendingCalls, valueStreams } = this.#counts;
    return runningCalls - pendingCalls - valueStreams < this.#limits.maxRunningCalls;
  }

  /** The number of calls that wait for room. */
  get size(): number {
    return this.#waiting.length;
  }

  /** The load in words, for the error of a refused call. */
  get load(): string {
    return `${this.#counts.runningCalls} calls run (maxRunningCalls) and ${this.#waiting.length} wait (maxQueuedCalls)`;
  }

  /** If there is room for one more running call, counts it and returns true. */
  tryBegin(): boolean {
    if (!this.#hasRoom) return false;
    this.#counts.runningCalls++;
    return true;
  }

  /** If the limit allows one more running callback, counts it and returns true. */
  tryBeginCallback(): boolean {
    if (this.#counts.runningCallbacks >= this.#limits.maxRunningCallbacks) return false;
    this.#counts.runningCallbacks++;
    return true;
  }

  /** The running callbacks in words, for the error of a refused callback. */
  get callbackLoad(): string {
    return `${this.#counts.runningCallbacks} callbacks and calls of services run (maxRunningCallbacks)`;
  }

  /** Queues a call, to start as soon as there is room. */
  wait(call: WaitingCall): void {
    this.#waiting.push(call);
  }

  /** Removes a call that will not run. */
  remove(call: WaitingCall): void {
    const at = this.#waiting.indexOf(call);
    if (at !== -1) this.#waiting.splice(at, 1);
  }

  /** Removes all calls of an owner, and abandons them. */
  abandon(owner: object): void {
    const abandoned = this.#waiting.filter((call) => call.owner === owner);
    this.#waiting = this.#waiting.filter((call) => call.owner !== owner);
    for (const call of abandoned) call.abandon();
  }

  /** Called when a running call has ended. */
  ended(): void {
    this.#counts.runningCalls--;
    this.beginWaiting();
  }

  callbackEnded(): void {
    this.#counts.runningCallbacks--;
  }

  /**
   * Starts waiting calls while there is room. Called when a running call has ended, and when this side has
   * made a call or begun to read a stream.
   */
  beginWaiting(): void {
    if (this.#isBeginning || this.#waiting.length === 0) return;
    this.#isBeginning = true;
    try {
      // This is a loop, not a recursion, because ten thousand calls may wait, and each call that is answered
      // immediately makes room for the next.
      while (this.#waiting.length > 0 && this.tryBegin()) this.#waiting.shift()?.begin();
    } finally {
      this.#isBeginning = false;
    }
  }
}
