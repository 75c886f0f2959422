/** Which of the peer's calls run, which wait, and which are refused: the limits of one side's handlers. */
import { PipeworkError } from '../../base/errors.ts';
import { IdTable } from './id-table.ts';
import type { Shared, WaitingCall } from '../../session/shared.ts';
import type { IncomingCall } from './incoming-call.ts';

/** The running calls of one conversation. Concurrency is counted over the whole session. */
export class CallLimits {
  readonly #shared: Shared;
  // Only calls that outlive their turn: one that was answered in it can neither be cancelled nor collide.
  readonly #tracked = new IdTable<IncomingCall>();
  #running = 0;
  #waiting = 0;
  #refusal: string | undefined;
  readonly #idle: (() => void)[] = [];

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  get running(): number {
    return this.#running + this.#waiting;
  }

  /** A call that runs beyond the turn it came in, waits, or streams its result. */
  get(id: number): IncomingCall | undefined {
    return this.#tracked.size === 0 ? undefined : this.#tracked.get(id);
  }

  /** Why a new call of the peer's can't run; undefined where it can. */
  refusalOf({ method, uncounted }: IncomingCall): PipeworkError | undefined {
    if (this.#refusal !== undefined) return new PipeworkError('RPC_SHUTTING_DOWN', this.#refusal);
    const { counts, limits, waiting } = this.#shared;
    if (uncounted) return undefined;
    if (counts.runningCalls < limits.maxRunningCalls || waiting.length < limits.maxQueuedCalls)
      return undefined;
    return new PipeworkError(
      'RPC_OVERLOADED',
      `${method} was refused: ${counts.runningCalls} calls run (maxRunningCalls) and ${waiting.length} wait (maxQueuedCalls). Call less at once, or raise the limits.`,
    );
  }

  /** Counts the call as running. False where it must {@link wait} for room. */
  begin(call: IncomingCall): boolean {
    if (!call.uncounted) {
      const { counts, limits } = this.#shared;
      if (counts.runningCalls >= limits.maxRunningCalls) return false;
      counts.runningCalls++;
    }
    this.#running++;
    return true;
  }

  /** Runs `start` once there is room. */
  wait(call: IncomingCall, start: () => void): void {
    this.track(call);
    call.isWaiting = true;
    this.#waiting++;
    this.#shared.waiting.push({
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
  unqueue(call: IncomingCall): void {
    const { waiting } = this.#shared;
    const at = waiting.findIndex((entry) => entry.call === call);
    if (at !== -1) waiting.splice(at, 1);
    call.isWaiting = false;
    this.#waiting--;
    this.forget(call);
    this.#wakeIdle();
  }

  track(call: IncomingCall): void {
    if (call.tracked) return;
    call.tracked = true;
    this.#tracked.add(call);
  }

  /** A handler has ended; what its result still streams keeps the call known. */
  answered(call: IncomingCall): void {
    this.#running--;
    if (!call.uncounted) {
      this.#shared.counts.runningCalls--;
      this.#shared.beginWaiting();
    }
    this.#wakeIdle();
  }

  #wakeIdle(): void {
    if (this.#idle.length > 0 && this.running === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  forget(call: IncomingCall): void {
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

  /** The conversation is gone: what waits never starts, what runs is aborted. */
  end(reason: unknown): void {
    const { waiting } = this.#shared;
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
