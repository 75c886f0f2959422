/** The options of a pool. */
import { availableParallelism } from 'node:os';
import { PipeworkError } from '@pipework/core';
import type { CallOptions } from '@pipework/core';
import {
  checkNames,
  checkOption,
  checkSupervisor,
  rules,
  supervisorOptions,
  type SupervisorConfig,
  type SupervisorSettings,
} from '../options.ts';

/**
 * The limits after which a process is replaced. If a process has passed one of them, a successor is started.
 * As soon as the successor is ready, the old process finishes its running calls and ends.
 */
export interface RecycleOptions {
  /** The number of calls that a process may answer. */
  readonly calls?: number;
  /** The bytes of memory that a process may hold. The memory is measured after a call, but not on Windows. */
  readonly residentBytes?: number;
  /** The milliseconds that a process may be ready. */
  readonly ageMs?: number;
}

/** The options of a {@link Pool}: those of a `Supervisor` that make sense for many processes, and these. */
export interface PoolConfig<P = Record<string, object>, S = Record<never, never>> extends Omit<
  SupervisorConfig<P, S>,
  'idleMs' | 'watch' | 'maxWaitingCalls'
> {
  /** The number of processes that always run. Default 0. */
  readonly min?: number;
  /**
   * The maximum number of processes. While a process is replaced, one more process runs. Default: the number
   * of processes that the machine can run in parallel.
   */
  readonly max?: number;
  /**
   * The maximum number of calls that one process gets at the same time. A call whose result is a stream
   * counts until the stream ends. References do not count. Default 1.
   */
  readonly callsPerProcess?: number;
  /** The maximum number of calls that wait for a place. Default 1,000. */
  readonly maxQueued?: number;
  /** Milliseconds without a call after which a process beyond `min` ends. Default 60,000. */
  readonly idleMs?: number;
  /** The limits after which a process is replaced although it has not failed. Default: no limits. */
  readonly recycle?: RecycleOptions;
}

/** The call options of a pool's remote, for `withCallOptions`. */
export interface PoolCallOptions extends CallOptions {
  /**
   * Calls with the same key go to the same process while one of them waits or runs there. If
   * `callsPerProcess` is 1, they run in order.
   */
  readonly affinity?: string;
  /**
   * Of the waiting calls, the one with the highest priority goes first. Calls with the same `affinity` keep
   * their order nevertheless. Default 0.
   */
  readonly priority?: number;
}

export interface PoolSettings<P> {
  readonly process: SupervisorSettings<P>;
  readonly min: number;
  readonly max: number;
  readonly callsPerProcess: number;
  readonly maxQueued: number;
  readonly idleMs: number;
  readonly recycle: RecycleOptions;
}

/** The names of a pool's options, without those of a client. */
const poolOptions = [
  ...['min', 'max', 'callsPerProcess', 'maxQueued', 'recycle'],
  ...supervisorOptions.filter((name) => name !== 'watch' && name !== 'maxWaitingCalls'),
];

export function checkPool<P, S>(config: PoolConfig<P, S>): PoolSettings<P> {
  for (const name of ['watch', 'maxWaitingCalls']) {
    if (name in config)
      throw new PipeworkError(
        'CONFIG_INVALID',
        `${name}: expected nothing, because a pool does not have this option; got a value`,
      );
  }
  checkNames(config, poolOptions);
  const {
    min = 0,
    max = Math.max(availableParallelism(), min),
    callsPerProcess = 1,
    maxQueued = 1_000,
    idleMs = 60_000,
    recycle = {},
    ...process
  } = config;
  checkOption('min', min, rules.wholeNumber(0));
  checkOption('max', max, rules.wholeNumber(1));
  if (max < min) throw new PipeworkError('CONFIG_INVALID', `max: expected at least min (${min}); got ${max}`);
  checkOption('callsPerProcess', callsPerProcess, rules.wholeNumber(1));
  checkOption('maxQueued', maxQueued, rules.wholeNumber(0));
  checkOption('idleMs', idleMs, rules.someMilliseconds);
  checkOption('recycle.calls', recycle.calls, rules.wholeNumber(1));
  checkOption('recycle.residentBytes', recycle.residentBytes, rules.wholeNumber(1));
  checkOption('recycle.ageMs', recycle.ageMs, rules.someMilliseconds);
  return {
    process: checkSupervisor({ ...process, idleMs }),
    min,
    max,
    callsPerProcess,
    maxQueued,
    idleMs,
    recycle,
  };
}

/** Checks the call options that only a pool has. */
export function checkCall({ affinity, priority }: PoolCallOptions): void {
  checkOption('affinity', affinity, { expected: 'a text', holds: (value) => typeof value === 'string' });
  checkOption('priority', priority, {
    expected: 'a number',
    holds: (value) => typeof value === 'number' && !Number.isNaN(value),
  });
}
