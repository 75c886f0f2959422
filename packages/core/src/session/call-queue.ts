/** Which of the peer's calls may run, over all conversations of a session. */
import type { Limits } from '../base/limits.ts';

/** A call of the peer's that waits for room. */
export interface WaitingCall {
  /** Whose call it is: {@link CallQueue.abandon} takes out all calls of one owner. */
  readonly owner: object;
  /** Called once there is room. The call counts as running. */
  begin(): void;
  /** Called instead if the conversation ends first. */
  abandon(): void;
}

/** What a {@link CallQueue} counts by. */
export interface CallCounts {
  /** Calls of the peer that run, callbacks left out. */
  runningCalls: number;
  /** Callbacks of the peer, and calls of services, that run. */
  runningCallbacks: number;
  /** Calls made here whose answer has not come. */
  pendingCalls: number;
}

/**
 * Lets `maxRunningCalls` calls run at a time. Others wait, `maxQueuedCalls` at most, and begin in the order in which they came. Callbacks
 * never wait: `maxRunningCallbacks` run at a time, and further ones are refused.
 */
export class CallQueue {
  readonly #counts: CallCounts;
  readonly #limits: Pick<Limits, 'maxRunningCalls' | 'maxQueuedCalls' | 'maxRunningCallbacks'>;
  #waiting: WaitingCall[] = [];
  #isBeginning = false;

  /** `counts.runningCalls` and `counts.runningCallbacks` are kept up to date. */
  constructor(
    counts: CallCounts,
    limits: Pick<Limits, 'maxRunningCalls' | 'maxQueuedCalls' | 'maxRunningCallbacks'>,
  ) {
    this.#counts = counts;
    this.#limits = limits;
  }

  /** Whether a further call can neither run nor wait. */
  get isFull(): boolean {
    return !this.#hasRoom && this.#waiting.length >= this.#limits.maxQueuedCalls;
  }

  /**
   * A call that waits for an answer of the peer fills no place: the peer may be waiting for a further call to this side before it answers.
   * Which running call made a pending one is not known, and need not be: there are no more of the former than of the latter that matter.
   */
  get #hasRoom(): boolean {
    const { runningCalls, pendingCalls } = this.#counts;
    return runningCalls - pendingCalls < this.#limits.maxRunningCalls;
  }

  /** Calls that wait for room. */
  get size(): number {
    return this.#waiting.length;
  }

  /** The load in words, for the error of a call that is refused. */
  get load(): string {
    return `${this.#counts.runningCalls} calls run (maxRunningCalls) and ${this.#waiting.length} wait (maxQueuedCalls)`;
  }

  /** Counts one more running call, if there is room for it. */
  tryBegin(): boolean {
    if (!this.#hasRoom) return false;
    this.#counts.runningCalls++;
    return true;
  }

  /** Counts one more running callback, if the limit allows it. */
  tryBeginCallback(): boolean {
    if (this.#counts.runningCallbacks >= this.#limits.maxRunningCallbacks) return false;
    this.#counts.runningCallbacks++;
    return true;
  }

  /** The running callbacks in words, for the error of one that is refused. */
  get callbackLoad(): string {
    return `${this.#counts.runningCallbacks} callbacks and calls of services run (maxRunningCallbacks)`;
  }

  /** Begins a call as soon as there is room. */
  wait(call: WaitingCall): void {
    this.#waiting.push(call);
  }

  /** Takes out a call that will not run. */
  remove(call: WaitingCall): void {
    const at = this.#waiting.indexOf(call);
    if (at !== -1) this.#waiting.splice(at, 1);
  }

  /** Takes out all calls of an owner, and abandons them. */
  abandon(owner: object): void {
    const abandoned = this.#waiting.filter((call) => call.owner === owner);
    this.#waiting = this.#waiting.filter((call) => call.owner !== owner);
    for (const call of abandoned) call.abandon();
  }

  /** A running call has ended. */
  ended(): void {
    this.#counts.runningCalls--;
    this.beginWaiting();
  }

  callbackEnded(): void {
    this.#counts.runningCallbacks--;
  }

  /** Begins waiting calls while there is room: a running call has ended, or has asked the peer for something. */
  beginWaiting(): void {
    if (this.#isBeginning || this.#waiting.length === 0) return;
    this.#isBeginning = true;
    try {
      // A loop, not recursion: a call that is answered at once makes room for the next, and ten thousand may wait.
      while (this.#waiting.length > 0 && this.tryBegin()) this.#waiting.shift()?.begin();
    } finally {
      this.#isBeginning = false;
    }
  }
}
