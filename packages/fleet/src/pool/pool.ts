/** Several processes of one plugin behind one remote. */
import { cleanupCount, createRemote, type CallOptions, type Command, type Remote } from '@pipework/core';
import { forward, isLost, mayGoElsewhere, signalOf } from '../calls/forward.ts';
import { unsent } from '../calls/unsent.ts';
import { givenUp, stopped, type FleetError } from '../errors.ts';
import { heldUntilOver } from './held-result.ts';
import { Members } from './members.ts';
import type { Member } from './member.ts';
import { checkCall, checkPool, type PoolCallOptions, type PoolConfig, type PoolSettings } from './options.ts';
import { Schedule, type Job } from './schedule.ts';
import { RotatingHistogram, Utilization, type Spread } from './stats.ts';

/** Figures of a pool. Counts are since it was made; times and utilization are of the last one to two minutes. */
export interface PoolStats {
  /** Processes that take calls. */
  readonly processes: number;
  /** Those of them that run at least one call. */
  readonly busy: number;
  /** Calls that wait for a place. */
  readonly queued: number;
  readonly completed: number;
  readonly failed: number;
  /** Processes that were replaced because they had passed a limit of `recycle`. */
  readonly recycled: number;
  /** The share of `max` times `callsPerProcess` places that was in use, from 0 to 1. */
  readonly utilization: number;
  /** Milliseconds that calls waited for a place. */
  readonly waitMs: Spread;
  /** Milliseconds that calls took from there on. */
  readonly runMs: Spread;
}

/** What a call of a pool's remote is, while it waits and while it runs. */
interface PoolJob extends Job {
  isWaiting: boolean;
  readonly run: (member: Member<never>) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Several processes of one plugin. A call goes to a process that has a free place, or waits for one, first come first served within a
 * priority. Processes are started as calls need them, and end if they are not used.
 */
export class Pool<P = Record<string, object>> {
  readonly #settings: PoolSettings<P>;
  readonly #schedule: Schedule<PoolJob, Member<P>>;
  readonly #members: Members<P>;
  readonly #waitMs: RotatingHistogram;
  readonly #runMs: RotatingHistogram;
  readonly #utilization: Utilization;
  readonly #stopListening: () => void;
  readonly #cleanupsBefore = cleanupCount();
  #sequence = 0;
  #completed = 0;
  #failed = 0;
  #stopping: Promise<void> | undefined;
  #makeEnd: (() => FleetError) | undefined;

  /** Starts nothing. Throws `CONFIG_INVALID` if an option is not what it must be. */
  constructor(config: PoolConfig<P>) {
    const settings = checkPool(config);
    const { clock, name, signal } = settings.process;
    this.#settings = settings;
    this.#waitMs = new RotatingHistogram(clock.now);
    this.#runMs = new RotatingHistogram(clock.now);
    this.#utilization = new Utilization(clock.now, settings.max * settings.callsPerProcess);
    this.#schedule = new Schedule(settings.callsPerProcess, (job, member) => job.run(member as never));
    this.#members = new Members(settings, {
      open: (member) => this.#schedule.open(member),
      close: (member) => this.#schedule.close(member),
      remove: (member) => this.#schedule.remove(member),
      running: (member) => this.#schedule.running(member),
      wanted: () => Math.ceil(this.#schedule.unbound / settings.callsPerProcess),
      gaveUp: (reason, error) => this.#fail(() => givenUp(name, reason, error)),
      mayStart: () => !this.#isCleaningUp(),
    });
    const onAbort = (): void => void this.#stop(false, signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#stopListening = () => signal?.removeEventListener('abort', onAbort);
    if (signal?.aborted === true) onAbort();
  }

  /** Resolves once `min` processes are ready. After giving up it tries anew. Rejects with `FLEET_GIVEN_UP` or `FLEET_STOPPED`. */
  async start(): Promise<void> {
    if (this.#stopping !== undefined) throw this.#endError();
    this.#makeEnd = undefined;
    await this.#members.start();
  }

  /**
   * Ends everything for good. Running calls may finish within `drainMs`, unless `drain` is false; queued calls reject. Resolves once no
   * process, timer or descriptor is left; called again it gives the same promise.
   */
  stop(options: { readonly drain?: boolean } = {}): Promise<void> {
    return this.#stop(options.drain ?? true, undefined);
  }

  /**
   * Replaces process by process, each successor started first, without a lost call. Rejects if a successor did not become ready; if it
   * was the first one, the old processes and the old `cmd` stay.
   */
  async reload(options: { readonly cmd?: Command } = {}): Promise<void> {
    if (this.#makeEnd !== undefined) throw this.#makeEnd();
    await this.#members.reload(options.cmd);
  }

  /**
   * Returns one remote of `name` over all processes, each of which has an implementation of its own for it. `withCallOptions` takes
   * `affinity` and `priority` for it. Resolves at once: an unknown name fails with the first call.
   */
  async dispense<K extends keyof P & string>(name: K): Promise<Remote<P[K]>> {
    if (this.#makeEnd !== undefined) throw this.#makeEnd();
    const owner = {};
    return createRemote<P[K]>((method, args, options) => this.#call(owner, name, method, args, options), {
      dispose: () => this.#members.release(owner),
    });
  }

  stats(): PoolStats {
    return {
      processes: this.#members.ready.length,
      busy: this.#members.ready.filter((member) => this.#schedule.running(member) > 0).length,
      queued: this.#schedule.waiting,
      completed: this.#completed,
      failed: this.#failed,
      recycled: this.#members.recycled,
      utilization: this.#utilization.share(),
      waitMs: this.#waitMs.spread(),
      runMs: this.#runMs.spread(),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #call<K extends keyof P & string>(
    owner: object,
    name: K,
    method: string,
    args: unknown[],
    options: PoolCallOptions | undefined,
  ): Promise<unknown> {
    if (this.#isCleaningUp()) void this.#stop(false, undefined);
    if (this.#makeEnd !== undefined) return Promise.reject(this.#makeEnd());
    const { affinity, priority = 0, ...rest } = options ?? {};
    if (options !== undefined) checkCall(options);
    const call = { owner, name, method, args, options: options === undefined ? undefined : rest };
    return new Promise((resolve, reject) => {
      this.#enqueue(call, { affinity, priority, sequence: this.#sequence++ }, resolve, reject);
    });
  }

  /** Puts a call in the queue, where it leaves by a place, its signal or its deadline. */
  #enqueue<K extends keyof P & string>(
    call: PoolCall<P, K>,
    order: Pick<Job, 'affinity' | 'priority' | 'sequence'>,
    resolve: (result: unknown) => void,
    reject: (error: unknown) => void,
  ): void {
    const { clock, name } = this.#settings.process;
    const queuedAt = clock.now();
    const deadlineMs = call.options?.deadlineMs;
    const signal = signalOf(call.args, call.options);
    const leave = (error: unknown): void => {
      if (!job.isWaiting) return;
      job.isWaiting = false;
      stopWaiting();
      this.#schedule.cancel(job);
      reject(error);
    };
    const onAbort = (): void => leave(signal?.reason);
    let cancelDeadline = (): void => {};
    const stopWaiting = (): void => {
      signal?.removeEventListener('abort', onAbort);
      cancelDeadline();
    };
    const job: PoolJob = {
      ...order,
      isWaiting: true,
      fail: (error) => {
        job.isWaiting = false;
        stopWaiting();
        reject(error);
      },
      run: (seat) => {
        job.isWaiting = false;
        stopWaiting();
        const waitedMs = clock.now() - queuedAt;
        this.#waitMs.record(waitedMs);
        const left = deadlineMs === undefined ? undefined : Math.max(1, deadlineMs - waitedMs);
        const options = left === undefined ? call.options : { ...call.options, deadlineMs: left };
        const again = (): void => this.#enqueue({ ...call, options }, order, resolve, reject);
        this.#run({ ...call, options }, job, seat as unknown as Member<P>, again).then(
          resolve,
          (error: unknown) => {
            if (error !== goesAgain) reject(error);
          },
        );
      },
    };
    if (signal?.aborted === true) return reject(signal.reason);
    this.#schedule.add(job);
    if (!job.isWaiting) return;
    if (this.#schedule.waiting > this.#settings.maxQueued) {
      return leave(
        unsent(
          'RPC_OVERLOADED',
          `the call was not sent: ${this.#schedule.waiting - 1} calls already wait for a place of ${name} (maxQueued)`,
        ),
      );
    }
    signal?.addEventListener('abort', onAbort, { once: true });
    if (deadlineMs !== undefined) {
      cancelDeadline = clock.after(deadlineMs, () =>
        leave(unsent('RPC_DEADLINE', `the deadline passed while the call waited for a place of ${name}`)),
      );
    }
    this.#members.plan();
  }

  /** Makes a call at its place, and gives the place back exactly once: when the result is over. */
  async #run<K extends keyof P & string>(
    call: PoolCall<P, K>,
    job: PoolJob,
    member: Member<P>,
    again: () => void,
  ): Promise<unknown> {
    const { clock } = this.#settings.process;
    const startedAt = clock.now();
    let isHeld = true;
    this.#utilization.count(1);
    const release = (): void => {
      if (!isHeld) return;
      isHeld = false;
      this.#utilization.count(-1);
      this.#runMs.record(clock.now() - startedAt);
      this.#schedule.finish(job, member);
      this.#members.released(member);
    };
    let isSent = false;
    try {
      const { owner, name, method, args, options } = call;
      const remote = member.process.dispensed(owner) ?? (await member.process.dispense(owner, name));
      isSent = true;
      const result = await forward(remote, method, args, options);
      member.answered += 1;
      this.#completed += 1;
      return heldUntilOver(result, release);
    } catch (error) {
      if (isSent ? mayGoElsewhere(error) : isLost(error)) {
        // Nothing was sent: the call keeps its place in the order, for another process.
        this.#members.lost(member);
        release();
        if (this.#makeEnd !== undefined) throw this.#makeEnd();
        again();
        throw goesAgain;
      }
      if (!isLost(error)) member.answered += 1;
      this.#failed += 1;
      release();
      throw error;
    }
  }

  #endError(): FleetError {
    return this.#makeEnd?.() ?? stopped(this.#settings.process.name);
  }

  #isCleaningUp(): boolean {
    return this.#settings.process.client.managed === true && cleanupCount() > this.#cleanupsBefore;
  }

  #stop(drain: boolean, cause: unknown): Promise<void> {
    this.#stopping ??= this.#end(drain, cause);
    return this.#stopping;
  }

  async #end(drain: boolean, cause: unknown): Promise<void> {
    this.#stopListening();
    this.#fail(() => stopped(this.#settings.process.name, cause));
    await this.#members.stop(drain);
  }

  #fail(makeEnd: () => FleetError): void {
    this.#makeEnd = makeEnd;
    for (const job of this.#schedule.clear()) job.fail(makeEnd());
  }
}

interface PoolCall<P, K extends keyof P & string> {
  readonly owner: object;
  readonly name: K;
  readonly method: string;
  readonly args: unknown[];
  readonly options: CallOptions | undefined;
}

/** Thrown inside only: the call went back to the queue, and settles there. */
const goesAgain = Symbol('goes again');
