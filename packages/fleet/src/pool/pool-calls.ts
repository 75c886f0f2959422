/** The calls of a pool. Each call waits for a place in a process, runs there, and gives the place back. */
import type { Remote } from '@pipework/core';
import { forward, isLost, mayGoElsewhere } from '../calls/forward.ts';
import { markUnsent, unsent } from '../calls/unsent.ts';
import type { FleetError } from '../errors.ts';
import { heldUntilOver } from './held-result.ts';
import type { Member } from './member.ts';
import { checkCall, type PoolSettings } from './options.ts';
import { PoolCall, type Asked } from './pool-call.ts';
import { Schedule } from './schedule.ts';
import { RotatingHistogram, Utilization } from './stats.ts';

/** The functions of the pool that this class calls. */
export interface PoolCallsHost<P> {
  /** Called when a call waits, because no process is free for it. */
  wait(): void;
  /** Called when a call found that the session of the process was lost. */
  lost(member: Member<P>): void;
  /** Called when a call at the process is over, and its place is free again. */
  released(member: Member<P>): void;
}

export class PoolCalls<P> {
  readonly schedule: Schedule<PoolCall<P>, Member<P>>;
  readonly waitMs: RotatingHistogram;
  readonly runMs: RotatingHistogram;
  readonly utilization: Utilization;
  completed = 0;
  failed = 0;
  readonly #settings: PoolSettings<P>;
  readonly #host: PoolCallsHost<P>;
  #sequence = 0;
  /** How many accepted calls are neither sent nor settled. */
  #unsent = 0;
  #onAllSent: (() => void) | undefined;
  /** Makes the error of further calls; undefined while the pool accepts calls. */
  #makeEnd: (() => FleetError) | undefined;

  constructor(settings: PoolSettings<P>, host: PoolCallsHost<P>) {
    const { clock } = settings.process;
    this.#settings = settings;
    this.#host = host;
    const now = (): number => clock.now();
    this.waitMs = new RotatingHistogram(now);
    this.runMs = new RotatingHistogram(now);
    this.utilization = new Utilization(now, settings.max * settings.callsPerProcess);
    this.schedule = new Schedule(settings.callsPerProcess, (call, member) => void this.#run(call, member));
  }

  /** Makes a call at a free place, or queues it until a place is free. */
  make(asked: Asked<P>): Promise<unknown> {
    if (asked.options !== undefined) checkCall(asked.options);
    return new Promise((resolve, reject) => {
      const { clock } = this.#settings.process;
      const call = new PoolCall(asked, this.#sequence++, clock, { resolve, reject });
      const { signal } = call;
      if (signal?.aborted === true) {
        this.failed += 1;
        return reject(markUnsent(signal.reason));
      }
      this.#unsent += 1;
      call.isWaiting = true;
      this.schedule.add(call);
      if (!call.isWaiting) return;
      // If the queue is full, the call is refused. A process is started nevertheless, so that it may be ready
      // for a later call.
      if (this.schedule.waiting > this.#settings.maxQueued) this.#host.wait();
      if (this.schedule.waiting > this.#settings.maxQueued) return this.#leave(call, this.#overloaded());
      this.#watch(call);
      this.#host.wait();
    });
  }

  /** Resolves once every accepted call is sent or settled. {@link close} ends the wait too. */
  async allSent(): Promise<void> {
    if (this.#unsent === 0) return;
    await new Promise<void>((resolve) => {
      this.#onAllSent = resolve;
    });
  }

  /** Fails every waiting call. After this, a call that a process gives back unsent fails too. */
  close(makeEnd: () => FleetError): void {
    this.#makeEnd = makeEnd;
    for (const call of this.schedule.clear()) this.#settle(call, makeEnd());
  }

  /** Accepts calls again after the pool had given up. */
  reopen(): void {
    this.#makeEnd = undefined;
  }

  #watch(call: PoolCall<P>, leave = (error: unknown): void => this.#leave(call, error)): void {
    const { name } = this.#settings.process;
    call.watch(leave, () =>
      unsent('RPC_DEADLINE', `the deadline passed while the call waited for a place of ${name}`),
    );
  }

  #overloaded(): Error {
    const { maxQueued, process } = this.#settings;
    return unsent(
      'RPC_OVERLOADED',
      `the call was not sent: ${maxQueued} calls already wait for a place of ${process.name} (maxQueued)`,
    );
  }

  /** Takes a waiting call out of the queue, and fails it. */
  #leave(call: PoolCall<P>, error: unknown): void {
    if (!call.isWaiting) return;
    call.stopWaiting();
    this.schedule.cancel(call);
    this.#settle(call, error);
  }

  /** Fails a call that was not sent. */
  #settle(call: PoolCall<P>, error: unknown): void {
    call.stopWaiting();
    this.failed += 1;
    call.reject(error);
    this.#leftQueue();
  }

  #leftQueue(): void {
    this.#unsent -= 1;
    if (this.#unsent === 0) this.#onAllSent?.();
  }

  /** Makes a call on `member`, where the call has a place. Never rejects. */
  async #run(call: PoolCall<P>, member: Member<P>): Promise<void> {
    const { clock } = this.#settings.process;
    const { owner, method, args } = call.asked;
    call.stopWaiting();
    const startedAt = clock.now();
    this.waitMs.record(startedAt - call.queuedAt);
    this.utilization.count(1);
    const remote =
      (member.process.dispensed(owner) as Remote<unknown> | undefined) ??
      (await this.#dispense(call, member));
    if (remote === undefined) return this.utilization.count(-1);
    const release = this.#releaseOnce(call, member, startedAt);
    const answer = call.inContext(() => forward(remote, method, args, call.remainingOptions));
    this.#leftQueue();
    try {
      const result = await answer;
      member.answered += 1;
      this.completed += 1;
      call.resolve(heldUntilOver(result, release));
    } catch (error) {
      if (mayGoElsewhere(error)) {
        this.utilization.count(-1);
        this.#unsent += 1;
        // Perhaps only the implementation has ended, and not the process. The next call dispenses another
        // implementation.
        member.process.forget(owner, remote);
        return this.#queueAgain(call, member);
      }
      if (!isLost(error)) member.answered += 1;
      this.failed += 1;
      call.reject(error);
      release();
    }
  }

  /**
   * Asks the process for an implementation for the call. Resolves to undefined if the call was queued again
   * or has failed.
   */
  async #dispense(call: PoolCall<P>, member: Member<P>): Promise<Remote<unknown> | undefined> {
    const { owner, name } = call.asked;
    let hasLeft = false;
    this.#watch(call, (error) => {
      hasLeft = true;
      this.#settle(call, error);
    });
    try {
      const remote: unknown = await member.process.dispense(owner, name);
      call.stopWaiting();
      if (!hasLeft) return remote as Remote<unknown>;
    } catch (error) {
      call.stopWaiting();
      if (!hasLeft && isLost(error)) {
        this.#queueAgain(call, member, () => this.#host.lost(member));
        return undefined;
      }
      if (isLost(error)) this.#host.lost(member);
      else member.answered += 1;
      if (!hasLeft) this.#settle(call, error);
    }
    this.schedule.finish(call, member);
    this.#host.released(member);
    return undefined;
  }

  /**
   * Queues an unsent call again, at its old place. If the pool is closed, fails the call instead. `first`
   * runs before another process can get the call.
   */
  #queueAgain(call: PoolCall<P>, member: Member<P>, first?: () => void): void {
    if (this.#makeEnd !== undefined) {
      this.schedule.finish(call, member);
      first?.();
      return this.#settle(call, this.#makeEnd());
    }
    call.isWaiting = true;
    this.schedule.giveBack(call, member);
    this.#watch(call);
    first?.();
    this.schedule.fill();
    if (call.isWaiting) this.#host.wait();
  }

  /**
   * Returns a function that gives the call's place back. The function must be called when the call's result
   * is over. Further calls of the function do nothing.
   */
  #releaseOnce(call: PoolCall<P>, member: Member<P>, startedAt: number): () => void {
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.utilization.count(-1);
      this.runMs.record(this.#settings.process.clock.now() - startedAt);
      this.schedule.finish(call, member);
      this.#host.released(member);
    };
  }
}
