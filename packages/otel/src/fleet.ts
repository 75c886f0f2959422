/**
 * Watches supervisors and pools. Counts restarts, and reports the processes and the waiting calls of pools.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { BatchObservableResult, Meter } from '@opentelemetry/api';
import { guarded } from './guard.ts';
import { attributes, fleetChannels, metricNames } from './names.ts';
import type { Stop, Telemetry } from './telemetry.ts';

/** The part of a `Pool` of `@pipework/fleet` from which figures are read. */
export interface PoolFigures {
  /** Returns the pool's present figures. */
  stats(): { readonly processes: number; readonly busy: number; readonly queued: number };
}

/** The values of a message's `change` that report the end of a process that the pool replaces. */
const replaced = new Set(['failed', 'lost', 'unhealthy', 'recycled', 'reloaded']);

/** Counts restarts of supervisors and pools until the returned function is called. */
export function watchFleet({ meter }: Telemetry): Stop {
  const restarts = meter.createCounter(metricNames.restarts, {
    description: 'Plugin processes that were started after a failure, or to replace another process',
    unit: '{restart}',
  });
  const count = (plugin: string, reason: string): void =>
    restarts.add(1, { [attributes.plugin]: plugin, [attributes.reason]: reason });
  const supervisor = (message: unknown): void => {
    const { name, state } = message as { name: string; state: string };
    // A supervisor is in the state `waiting` only after a failure, before it starts the plugin again.
    if (state === 'waiting') guarded('a restart', () => count(name, 'failed'), undefined);
  };
  const pool = (message: unknown): void => {
    const { name, change } = message as { name: string; change: string };
    if (replaced.has(change)) guarded('a restart', () => count(name, change), undefined);
  };
  subscribe(fleetChannels.supervisor, supervisor);
  subscribe(fleetChannels.pool, pool);
  return () => {
    unsubscribe(fleetChannels.supervisor, supervisor);
    unsubscribe(fleetChannels.pool, pool);
  };
}

/** Reads a pool's figures at each collection until the returned function is called. */
export function watchPool(meter: Meter, pool: PoolFigures, name: string): Stop {
  const told = { [attributes.pool]: name };
  const processes = meter.createObservableUpDownCounter(metricNames.poolProcesses, {
    description: 'Processes of a pool that accept calls',
    unit: '{process}',
  });
  const busy = meter.createObservableUpDownCounter(metricNames.poolBusy, {
    description: 'Processes of a pool that run at least one call',
    unit: '{process}',
  });
  const queued = meter.createObservableUpDownCounter(metricNames.poolQueued, {
    description: 'Calls that wait for a place in a pool',
    unit: '{call}',
  });
  const all = [processes, busy, queued];
  const observe = (result: BatchObservableResult): void => {
    const stats = pool.stats();
    result.observe(processes, stats.processes, told);
    result.observe(busy, stats.busy, told);
    result.observe(queued, stats.queued, told);
  };
  meter.addBatchObservableCallback(observe, all);
  return () => meter.removeBatchObservableCallback(observe, all);
}
