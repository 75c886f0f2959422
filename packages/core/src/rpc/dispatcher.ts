/** Which of the peer's calls run, which wait, and which are refused: the limits of one side's handlers. */
import { PipeworkError } from '../errors.ts';
import type { Link } from './link.ts';
import type { RunningCall } from './running-call.ts';

/** The running calls of one connection. Concurrency is counted over the whole link. */
export class Dispatcher {
  readonly #link: Link;
  readonly #calls = new Map<number, RunningCall>();
  #running = 0;
  #waiting = 0;
  #refusal: string | undefined;
  #idle: (() => void)[] = [];

  constructor(link: Link) {
    this.#link = link;
  }

  get running(): number {
    return this.#running + this.#waiting;
  }

  get(id: number): RunningCall | undefined {
    return this.#calls.size === 0 ? undefined : this.#calls.get(id);
  }

  /** Why a new call of the peer's can't run; undefined where it can. */
  refusalOf(method: string): PipeworkError | undefined {
    if (this.#refusal !== undefined) return new PipeworkError('RPC_SHUTTING_DOWN', this.#refusal);
    const { counts, limits, waiting } = this.#link;
    if (counts.runningCalls < limits.maxRunningCalls || waiting.length < limits.maxQueuedCalls)
      return undefined;
    return new PipeworkError(
      'RPC_OVERLOADED',
      `${method} was refused: ${counts.runningCalls} calls run (maxRunningCalls) and ${waiting.length} wait (maxQueuedCalls). Call less at once, or raise the limits.`,
    );
  }

  /** Runs the call now, or once there is room. */
  begin(call: RunningCall, start: () => void, callback: boolean): void {
    this.#calls.set(call.id, call);
    const { counts, limits, waiting } = this.#link;
    // A callback belongs to a call that waits for it: holding it back could stop both for ever.
    if (callback) {
      call.uncounted = true;
      this.#running++;
      return start();
    }
    if (counts.runningCalls < limits.maxRunningCalls) return this.#start(start);
    this.#waiting++;
    waiting.push({
      owner: this,
      begin: () => {
        this.#waiting--;
        this.#start(start);
      },
    });
  }

  #start(start: () => void): void {
    this.#running++;
    this.#link.counts.runningCalls++;
    start();
  }

  /** A handler has ended; what its result still streams keeps the call known. */
  answered(call: RunningCall): void {
    this.#running--;
    if (!call.uncounted) {
      this.#link.counts.runningCalls--;
      this.#link.waiting.shift()?.begin();
    }
    if (this.running === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  forget(call: RunningCall): void {
    this.#calls.delete(call.id);
  }

  refuse(message: string): void {
    this.#refusal ??= message;
  }

  idle(): Promise<void> {
    if (this.running === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  abortAll(reason: unknown): void {
    for (const call of [...this.#calls.values()]) call.abort(reason);
  }

  /** The connection is gone: what waits never starts, what runs is aborted. */
  end(reason: unknown): void {
    const { waiting } = this.#link;
    const others = waiting.filter((entry) => entry.owner !== this);
    waiting.splice(0, waiting.length, ...others);
    this.#waiting = 0;
    this.abortAll(reason);
  }
}
