/** Which of the peer's calls run, which wait, and which are refused: the limits of one side's handlers. */
import { PipeworkError } from '../../base/errors.ts';
import { IdTable } from './id-table.ts';
import type { Link, WaitingCall } from '../../session/shared.ts';
import type { RunningCall } from './incoming-call.ts';

/** The running calls of one connection. Concurrency is counted over the whole link. */
export class Dispatcher {
  readonly #link: Link;
  // Only calls that outlive their turn: one that was answered in it can neither be cancelled nor collide.
  readonly #tracked = new IdTable<RunningCall>();
  #running = 0;
  #waiting = 0;
  #refusal: string | undefined;
  readonly #idle: (() => void)[] = [];

  constructor(link: Link) {
    this.#link = link;
  }

  get running(): number {
    return this.#running + this.#waiting;
  }

  /** A call that runs beyond the turn it came in, waits, or streams its result. */
  get(id: number): RunningCall | undefined {
    return this.#tracked.size === 0 ? undefined : this.#tracked.get(id);
  }

  /** Why a new call of the peer's can't run; undefined where it can. */
  refusalOf({ method, uncounted }: RunningCall): PipeworkError | undefined {
    if (this.#refusal !== undefined) return new PipeworkError('RPC_SHUTTING_DOWN', this.#refusal);
    const { counts, limits, waiting } = this.#link;
    if (uncounted) return undefined;
    if (counts.runningCalls < limits.maxRunningCalls || waiting.length < limits.maxQueuedCalls)
      return undefined;
    return new PipeworkError(
      'RPC_OVERLOADED',
      `${method} was refused: ${counts.runningCalls} calls run (maxRunningCalls) and ${waiting.length} wait (maxQueuedCalls). Call less at once, or raise the limits.`,
    );
  }

  /** Counts the call as running. False where it must {@link wait} for room. */
  begin(call: RunningCall): boolean {
    if (!call.uncounted) {
      const { counts, limits } = this.#link;
      if (counts.runningCalls >= limits.maxRunningCalls) return false;
      counts.runningCalls++;
    }
    this.#running++;
    return true;
  }

  /** Runs `start` once there is room. */
  wait(call: RunningCall, start: () => void): void {
    this.track(call);
    call.isWaiting = true;
    this.#waiting++;
    this.#link.waiting.push({
      owner: this,
      call,
      begin: () => {
        call.isWaiting = false;
        this.#waiting--;
        this.begin(call);
        start();
      },
    });
  }

  /** Takes a call out of the queue, since its caller no longer wants it. */
  unqueue(call: RunningCall): void {
    const { waiting } = this.#link;
    const at = waiting.findIndex((entry) => entry.call === call);
    if (at !== -1) waiting.splice(at, 1);
    call.isWaiting = false;
    this.#waiting--;
    this.forget(call);
    this.#wakeIdle();
  }

  track(call: RunningCall): void {
    if (call.tracked) return;
    call.tracked = true;
    this.#tracked.add(call);
  }

  /** A handler has ended; what its result still streams keeps the call known. */
  answered(call: RunningCall): void {
    this.#running--;
    if (!call.uncounted) {
      this.#link.counts.runningCalls--;
      this.#link.beginWaiting();
    }
    this.#wakeIdle();
  }

  #wakeIdle(): void {
    if (this.#idle.length > 0 && this.running === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  forget(call: RunningCall): void {
    if (!call.tracked) return;
    call.tracked = false;
    this.#tracked.delete(call.id);
  }

  refuse(message: string): void {
    this.#refusal ??= message;
  }

  idle(): Promise<void> {
    if (this.running === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  abortAll(reason: unknown): void {
    for (const call of this.#tracked.values()) call.abort(reason);
  }

  /** The connection is gone: what waits never starts, what runs is aborted. */
  end(reason: unknown): void {
    const { waiting } = this.#link;
    const others: WaitingCall[] = [];
    for (const entry of waiting) {
      if (entry.owner !== this) {
        others.push(entry);
        continue;
      }
      // Its deadline may still pass, and finds nothing to take out of the queue.
      entry.call.isWaiting = false;
      entry.call.end();
    }
    waiting.splice(0, waiting.length, ...others);
    this.#waiting = 0;
    this.abortAll(reason);
  }
}
