/** Runs several processes of one plugin. Each remote spreads its calls over all of them. */
import { cleanupCount, createRemote, type Command, type Remote } from '@pipework/core';
import { onAbort } from '../calls/on-abort.ts';
import { givenUp, stopped, type FleetError } from '../errors.ts';
import { Members } from './members.ts';
import { checkPool, type PoolConfig, type PoolSettings } from './options.ts';
import type { Asked } from './pool-call.ts';
import { PoolCalls } from './pool-calls.ts';
import type { Spread } from './stats.ts';

/**
 * Figures of a pool. Counts start at 0 when the pool is made. Times and utilization cover the last one to two
 * minutes.
 */
export interface PoolStats {
  /** Processes that accept calls. */
  readonly processes: number;
  /** How many of these processes run at least one call. */
  readonly busy: number;
  /** Calls that wait for a place. */
  readonly queued: number;
  /** Calls that resolved. */
  readonly completed: number;
  /** Calls that rejected, for any reason. */
  readonly failed: number;
  /** Processes that were replaced because they had passed a limit of `recycle`. */
  readonly recycled: number;
  /**
   * The share of the places that was in use, from 0 to 1. A pool has `max` times `callsPerProcess` places.
   */
  readonly utilization: number;
  /** Milliseconds that calls waited for a place. */
  readonly waitMs: Spread;
  /** Milliseconds that calls took after they got a place. */
  readonly runMs: Spread;
}

/**
 * Several processes of one plugin. A call goes to a process that has a free place. If there is none, the call
 * waits. Within a priority, calls are served in the order in which they came. Processes are started when
 * calls need them, and end when they are not used.
 *
 * @example
 * ```ts
 * import { Pool } from '@pipework/fleet';
 *
 * interface Plugins {
 *   checker: { check(path: string): Promise<number> };
 * }
 *
 * await using pool = new Pool<Plugins>({ cmd: [process.execPath, 'plugin.js'], max: 4 });
 * const checker = await pool.dispense('checker');
 * console.log(await Promise.all(['a.md', 'b.md', 'c.md'].map((path) => checker.check(path))));
 * ```
 */
export class Pool<P = Record<string, object>, S = Record<never, never>> {
  readonly #settings: PoolSettings<P>;
  readonly #calls: PoolCalls<P>;
  readonly #members: Members<P>;
  readonly #stopListening: () => void;
  readonly #cleanupsBefore = cleanupCount();
  /** Makes a running `stop()` wait no longer for calls. */
  #hurry: (() => void) | undefined;
  #stopping: Promise<void> | undefined;
  #makeEnd: (() => FleetError) | undefined;

  /** Starts nothing. Throws `CONFIG_INVALID` if an option is invalid. */
  constructor(config: PoolConfig<P, S>) {
    const settings = checkPool(config);
    const { name, signal } = settings.process;
    this.#settings = settings;
    this.#calls = new PoolCalls(settings, {
      wait: () => this.#members.plan(),
      lost: (member) => this.#members.lost(member),
      released: (member) => this.#members.released(member),
    });
    const { schedule } = this.#calls;
    this.#members = new Members(settings, {
      open: (member) => schedule.open(member),
      close: (member) => schedule.close(member),
      remove: (member) => schedule.remove(member),
      running: (member) => schedule.running(member),
      wanted: () => Math.ceil(schedule.unbound / settings.callsPerProcess),
      gaveUp: (reason, error) => {
        this.#fail(() => givenUp(`the pool of ${name}`, reason, error));
        return this.#endError();
      },
      mayStart: () => !this.#isCleaningUp(),
    });
    const abort = (): void => void this.#stop(false, signal?.reason);
    this.#stopListening = onAbort(signal, abort);
    if (signal?.aborted === true) abort();
  }

  /**
   * Resolves once `min` processes are ready. If the pool had given up, it tries again. Rejects with
   * `FLEET_GIVEN_UP` or `FLEET_STOPPED`.
   */
  async start(): Promise<void> {
    this.#reopen();
    await this.#members.start();
  }

  /**
   * Ends the pool. New calls reject immediately. Queued and running calls may finish within `drainMs`. Calls
   * that wait in the queue when this time is over reject with `FLEET_STOPPED`. With `drain: false`, calls get
   * no time to finish. Resolves once no process, timer or descriptor is left. Further calls of `stop()`
   * return the same promise, and `drain: false` in one of them ends the wait for calls.
   */
  stop(options: { readonly drain?: boolean } = {}): Promise<void> {
    return this.#stop(options.drain ?? true, undefined);
  }

  /**
   * Replaces the processes one by one. Each process ends only after its successor is ready, and after its
   * running calls have ended or `drainMs` has passed. Rejects if a successor does not become ready. If the
   * first successor does not become ready, the old processes and the old `cmd` are kept.
   */
  async reload(options: { readonly cmd?: Command } = {}): Promise<void> {
    this.#reopen();
    await this.#members.reload(options.cmd);
  }

  /**
   * Returns one remote of `name` that spreads its calls over all processes. Each process makes a separate
   * implementation for this remote. With this remote, `withCallOptions` accepts `affinity` and `priority`
   * too. Resolves without asking a process, so an unknown `name` is reported only by the first call.
   */
  async dispense<K extends keyof P & string>(name: K): Promise<Remote<P[K]>> {
    if (this.#makeEnd !== undefined) throw this.#makeEnd();
    const owner = {};
    return createRemote<P[K]>((method, args, options) => this.#call({ owner, name, method, args, options }), {
      dispose: () => this.#members.release(owner),
    });
  }

  /** Accepts requests again if the pool has given up. Throws if the pool was stopped. */
  #reopen(): void {
    if (this.#stopping !== undefined) throw this.#endError();
    this.#makeEnd = undefined;
    this.#calls.reopen();
  }

  /** Returns the figures of this moment. */
  stats(): PoolStats {
    const { schedule, completed, failed, utilization, waitMs, runMs } = this.#calls;
    const { ready, recycled } = this.#members;
    return {
      processes: ready.length,
      busy: ready.filter((member) => schedule.running(member) > 0).length,
      queued: schedule.waiting,
      completed,
      failed,
      recycled,
      utilization: utilization.share(),
      waitMs: waitMs.spread(),
      runMs: runMs.spread(),
    };
  }

  /** Calls {@link Pool.stop}, at the end of a block that declares the pool by `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #call(asked: Asked<P>): Promise<unknown> {
    if (this.#isCleaningUp()) void this.#stop(false, undefined);
    if (this.#makeEnd !== undefined) return Promise.reject(this.#makeEnd());
    return this.#calls.make(asked);
  }

  #endError(): FleetError {
    return this.#makeEnd?.() ?? stopped(`the pool of ${this.#settings.process.name}`);
  }

  #isCleaningUp(): boolean {
    return this.#settings.process.client.managed === true && cleanupCount() > this.#cleanupsBefore;
  }

  #stop(drain: boolean, cause: unknown): Promise<void> {
    if (!drain) this.#hurry?.();
    this.#stopping ??= this.#end(drain, cause);
    return this.#stopping;
  }

  async #end(drain: boolean, cause: unknown): Promise<void> {
    const { name, clock, drainMs } = this.#settings.process;
    const makeEnd = (): FleetError => stopped(`the pool of ${name}`, cause);
    const until = clock.now() + drainMs;
    this.#makeEnd = makeEnd;
    const isDrained = drain && (await this.#drainQueue(drainMs));
    this.#fail(makeEnd);
    this.#hurry = () => void this.#members.stop({ how: 'quit' }, makeEnd());
    const remainingMs = Math.max(0, until - clock.now());
    await this.#members.stop(isDrained ? { how: 'drain', drainMs: remainingMs } : { how: 'quit' }, makeEnd());
    this.#stopListening();
  }

  /**
   * Resolves to true as soon as every call was sent or has failed. Resolves to false if `drainMs` passes
   * first, or if `#hurry` is called first.
   */
  #drainQueue(drainMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (isDrained: boolean): void => {
        cancel();
        resolve(isDrained);
      };
      const cancel = this.#settings.process.clock.after(drainMs, () => settle(false));
      this.#hurry = () => settle(false);
      void this.#calls.allSent().then(() => settle(true));
    });
  }

  #fail(makeEnd: () => FleetError): void {
    this.#makeEnd = makeEnd;
    this.#calls.close(makeEnd);
  }
}
