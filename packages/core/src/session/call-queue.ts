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

/** Lets `maxRunningCalls` calls run at a time. Others wait, `maxQueuedCalls` at most, and begin in the order in which they came. */
export class CallQueue {
  readonly #counts: { runningCalls: number };
  readonly #limits: Pick<Limits, 'maxRunningCalls' | 'maxQueuedCalls'>;
  #waiting: WaitingCall[] = [];
  #isBeginning = false;

  /** `counts.runningCalls` is kept up to date. */
  constructor(counts: { runningCalls: number }, limits: Pick<Limits, 'maxRunningCalls' | 'maxQueuedCalls'>) {
    this.#counts = counts;
    this.#limits = limits;
  }

  /** Whether a further call can neither run nor wait. */
  get isFull(): boolean {
    const { maxRunningCalls, maxQueuedCalls } = this.#limits;
    return this.#counts.runningCalls >= maxRunningCalls && this.#waiting.length >= maxQueuedCalls;
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
    if (this.#counts.runningCalls >= this.#limits.maxRunningCalls) return false;
    this.#counts.runningCalls++;
    return true;
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

  /** A running call has ended. Begins those that wait while there is room. */
  ended(): void {
    this.#counts.runningCalls--;
    if (this.#isBeginning) return;
    this.#isBeginning = true;
    try {
      // A loop, not recursion: a call that is answered at once makes room for the next, and ten thousand may wait.
      while (this.#waiting.length > 0 && this.tryBegin()) this.#waiting.shift()?.begin();
    } finally {
      this.#isBeginning = false;
    }
  }
}
