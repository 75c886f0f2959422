/** Watches one process. Reports the process as unhealthy after `failures` failed checks in a row. */
import type { RPCClientOf } from '@pipework/core';
import type { Clock } from '../clock.ts';
import type { HealthOptions } from '../options.ts';

/**
 * The number of slices into which a wait is divided. A slice in which this host was blocked or asleep does
 * not count.
 */
const slices = 4;

/** A slice does not count if it took longer than this many times its planned time, plus 5 ms. */
const lateFactor = 1.5;

/**
 * Calls `act` after this host has been awake for `ms`. One plain timer is not enough: after the host was
 * blocked, the timer could fire before the host has read an answer that arrived in time. Returns a function
 * that cancels the wait.
 */
export function afterAwake(clock: Clock, ms: number, act: () => void): () => void {
  const sliceMs = ms / slices;
  let left = slices;
  let cancel = (): void => {};
  const wait = (): void => {
    const from = clock.now();
    cancel = clock.after(
      sliceMs,
      () => {
        if (clock.now() - from <= sliceMs * lateFactor + 5) left -= 1;
        if (left === 0) act();
        else wait();
      },
      { holdsLoop: false },
    );
  };
  wait();
  return () => cancel();
}

/**
 * Runs one check. Resolves to the reason why the check failed, or to undefined if it succeeded. Never
 * rejects.
 */
export function checkOnce<P>(
  rpc: RPCClientOf<P>,
  { timeoutMs, check }: Pick<HealthOptions<P>, 'timeoutMs' | 'check'>,
  clock: Clock,
): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const cancel = afterAwake(clock, timeoutMs, () =>
      resolve(new Error(`the plugin did not answer a health check within ${timeoutMs} ms`)),
    );
    const settle = (failure?: Error): void => {
      cancel();
      resolve(failure);
    };
    // The ping needs no timeout, because `afterAwake` limits the check.
    const answer = check === undefined ? rpc.ping({ timeoutMs: Infinity }) : callCheck(check, rpc);
    answer.then(
      () => settle(),
      (error: unknown) => settle(new Error('a health check of the plugin failed', { cause: error })),
    );
  });
}

/** How long a process may take to answer its first check if `health` is off, in milliseconds. */
const firstCheckMs = 5_000;

/**
 * Checks a process that will replace another one. Uses the check in `health`, or a ping if there is none.
 * Rejects if the check fails.
 */
export async function checkFirst<P>(
  rpc: RPCClientOf<P>,
  health: HealthOptions<P> | undefined,
  clock: Clock,
): Promise<void> {
  const failure = await checkOnce(rpc, health ?? { timeoutMs: firstCheckMs }, clock);
  if (failure !== undefined) throw failure;
}

async function callCheck<P>(
  check: (rpc: RPCClientOf<P>) => Promise<unknown>,
  rpc: RPCClientOf<P>,
): Promise<void> {
  await check(rpc);
}

export interface HealthListener {
  /** Called at most once, when the process has failed too many checks. */
  verdict(reason: Error): void;
  /** Called when a check has ended, whatever its result. */
  checked?(): void;
}

export class HealthWatch<P> {
  readonly #rpc: RPCClientOf<P>;
  readonly #options: HealthOptions<P>;
  readonly #clock: Clock;
  readonly #listener: HealthListener;
  #streak = 0;
  #cancel = (): void => {};
  #isStopped = false;
  #isChecking = false;

  /**
   * Begins to watch immediately. The first check runs after a random part of `everyMs`, so that many plugins
   * are not all checked at the same time.
   */
  constructor(rpc: RPCClientOf<P>, options: HealthOptions<P>, clock: Clock, listener: HealthListener) {
    this.#rpc = rpc;
    this.#options = options;
    this.#clock = clock;
    this.#listener = listener;
    this.#schedule(options.everyMs * clock.random());
  }

  /** True while a health check runs. The check does not count as use of the plugin. */
  get isChecking(): boolean {
    return this.#isChecking;
  }

  /** Makes no further check, and reports no verdict. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  #schedule(ms: number): void {
    this.#cancel = this.#clock.after(ms, () => void this.#check(), { holdsLoop: false });
  }

  async #check(): Promise<void> {
    this.#isChecking = true;
    const failure = await checkOnce(this.#rpc, this.#options, this.#clock);
    this.#isChecking = false;
    if (this.#isStopped) return;
    this.#listener.checked?.();
    this.#streak = failure === undefined ? 0 : this.#streak + 1;
    if (failure !== undefined && this.#streak >= this.#options.failures) {
      this.stop();
      const times = this.#streak === 1 ? '' : ` ${this.#streak} times in a row`;
      return this.#listener.verdict(new Error(`${failure.message}${times}`, { cause: failure.cause }));
    }
    this.#schedule(this.#options.everyMs);
  }
}
