/**
 * For one conversation, decides which calls of the peer run, wait or are refused, and keeps the calls that
 * run or wait.
 */
import { PipeworkError } from '../../base/errors.ts';
import type { CallQueue } from '../../session/call-queue.ts';
import { withoutFrames } from '../values/error-stack.ts';
import { IdTable } from './id-table.ts';
import type { IncomingCall } from './incoming-call.ts';

/**
 * The calls of the peer that one conversation has admitted: they run or wait. The session's queue limits how
 * many calls of all conversations run at the same time.
 */
export class AdmittedCalls {
  readonly #queue: CallQueue;
  // Holds only calls that outlive the turn in which they arrived. A call that is answered within this turn
  // cannot be cancelled, and its id cannot collide with the id of another call.
  readonly #tracked = new IdTable<IncomingCall>();
  #running = 0;
  #waiting = 0;
  #refusal: string | undefined;
  readonly #idle: (() => void)[] = [];

  constructor(queue: CallQueue) {
    this.#queue = queue;
  }

  /** How many calls run or wait. */
  get count(): number {
    return this.#running + this.#waiting;
  }

  /**
   * Returns the call with this id if the call waits, has an open stream in its result, or runs beyond the
   * turn in which it arrived.
   */
  get(id: number): IncomingCall | undefined {
    return this.#tracked.size === 0 ? undefined : this.#tracked.get(id);
  }

  /** Returns why a new call of the peer cannot run; undefined if it can run, now or later. */
  refusalOf({ method, limit }: IncomingCall): PipeworkError | undefined {
    if (this.#refusal !== undefined && limit !== 'callbacks')
      return refusal('RPC_SHUTTING_DOWN', this.#refusal);
    if (limit !== 'calls' || !this.#queue.isFull) return undefined;
    return this.#overloaded(method, this.#queue.load);
  }

  #overloaded(method: string, load: string): PipeworkError {
    return refusal(
      'RPC_OVERLOADED',
      `${method} was refused: ${load}. Make fewer calls at the same time, or raise the limits`,
    );
  }

  /**
   * If the call may run now, counts it as running and returns `'running'`. If the call has to be queued by
   * {@link wait}, returns `'must wait'`. If the call can neither run nor wait, returns an error.
   */
  begin(call: IncomingCall): 'running' | 'must wait' | PipeworkError {
    if (call.limit === 'calls' && !this.#queue.tryBegin()) return 'must wait';
    if (call.limit === 'callbacks' && !this.#queue.tryBeginCallback())
      return this.#overloaded(call.method, this.#queue.callbackLoad);
    this.#running++;
    return 'running';
  }

  /** Queues the call, and runs `start` as soon as there is room. */
  wait(call: IncomingCall, start: () => void): void {
    this.track(call);
    this.#waiting++;
    call.waiting = {
      owner: this,
      begin: () => {
        call.waiting = undefined;
        this.#waiting--;
        this.#running++;
        start();
      },
      abandon: () => {
        // The queue has already dropped the call, so a later `unqueue()` must do nothing.
        call.waiting = undefined;
        call.end();
      },
    };
    this.#queue.wait(call.waiting);
  }

  /** Takes a waiting call out of the queue. Returns false if the call does not wait. */
  unqueue(call: IncomingCall): boolean {
    if (call.waiting === undefined) return false;
    this.#queue.remove(call.waiting);
    call.waiting = undefined;
    this.#waiting--;
    this.forget(call);
    this.#wakeIdle();
    return true;
  }

  track(call: IncomingCall): void {
    if (call.isTracked) return;
    call.isTracked = true;
    this.#tracked.add(call);
  }

  /**
   * Must be called when the handler of a call has ended. The call remains tracked while a stream of its
   * result is open.
   */
  handlerEnded(call: IncomingCall): void {
    this.#running--;
    if (call.limit === 'calls') this.#queue.ended();
    else if (call.limit === 'callbacks') this.#queue.callbackEnded();
    this.#wakeIdle();
  }

  #wakeIdle(): void {
    if (this.#idle.length > 0 && this.count === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  forget(call: IncomingCall): void {
    if (!call.isTracked) return;
    call.isTracked = false;
    this.#tracked.delete(call.id);
  }

  /** From now on, refuses new calls with `message`. Callbacks are not refused. */
  refuse(message: string): void {
    this.#refusal ??= message;
  }

  /** Resolves as soon as no call runs or waits. */
  idle(): Promise<void> {
    if (this.count === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Cancels every call that runs, waits or has an open stream in its result. */
  cancelAll(reason: unknown): void {
    for (const call of this.#tracked.values()) call.cancel(reason);
  }

  /**
   * Must be called when the conversation has ended. Waiting calls never start, and running calls are aborted.
   */
  end(reason: unknown): void {
    this.#queue.abandon(this);
    this.#waiting = 0;
    // The streams in the calls' arguments are not ended here. `References.close()` ends them, with an error
    // that may explain more than `reason`.
    for (const call of this.#tracked.values()) call.abort(reason);
  }
}

/**
 * Makes an error without stack frames. The frames would only name this file. Collecting them would cost more
 * than the rest of a refusal, and a peer may cause a million refusals.
 */
function refusal(code: 'RPC_OVERLOADED' | 'RPC_SHUTTING_DOWN', message: string): PipeworkError {
  return withoutFrames(() => new PipeworkError(code, message));
}
