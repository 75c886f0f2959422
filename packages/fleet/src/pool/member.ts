/** One process of a pool. */
import type { Command } from '@pipework/core';
import type { FleetProcess } from '../process.ts';
import type { HealthWatch } from '../supervisor/health.ts';
import type { Seat } from './schedule.ts';

/** Why a process must be replaced. */
export type Mark = 'calls' | 'residentBytes' | 'ageMs' | 'reload';

/**
 * Why a process has ended:
 * - `failed`: its start or its `setup` failed
 * - `lost`: it or its session ended without a request of the pool
 * - `unhealthy`: it failed its health checks
 * - `recycled`: it passed a limit of `recycle`
 * - `reloaded`: `reload()` replaced it
 * - `idle`: it was idle for `idleMs`
 * - `given-up`: the pool has given up
 * - `stopped`: the pool was stopped
 */
export type EndReason =
  'failed' | 'lost' | 'unhealthy' | 'recycled' | 'reloaded' | 'idle' | 'given-up' | 'stopped';

/** A command of the pool, with the number of the version. Each reload creates a new version. */
export interface Version {
  readonly number: number;
  readonly command: Command;
}

export class Member<P> implements Seat {
  readonly process: FleetProcess<P>;
  readonly version: Version;
  /**
   * A process begins as `starting`, and then becomes `ready`. A spare is `spare` in between. A process that
   * ends is `leaving` until it is gone.
   */
  state: 'starting' | 'spare' | 'ready' | 'leaving' = 'starting';
  /**
   * Set once the process has passed a limit, or a reload must replace it. The process continues to work until
   * its successor is ready.
   */
  mark: Mark | undefined;
  /** Set once the process leaves. */
  ending: { readonly reason: EndReason; readonly error?: Error } | undefined;
  readyAt: number | undefined;
  /** When the process was last seen to run a call. */
  lastUse = 0;
  /** How many calls the process has answered, with a result or with an error. */
  answered = 0;
  /** When the process's memory was last measured. */
  measuredAt: number = -Infinity;
  health: HealthWatch<P> | undefined;

  constructor(process: FleetProcess<P>, version: Version) {
    this.process = process;
    this.version = version;
  }

  get number(): number {
    return this.process.number;
  }
}
