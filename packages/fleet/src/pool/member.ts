/** One process of a pool. */
import type { Command } from '@pipework/core';
import type { FleetProcess } from '../process.ts';
import type { HealthWatch } from '../supervisor/health.ts';
import type { Seat } from './schedule.ts';

/** Why a process must be replaced. */
export type Mark = 'calls' | 'residentBytes' | 'ageMs' | 'reload';

/**
 * Why a process has ended: its start or its `setup` failed (`failed`), it or its session ended unasked (`lost`), it failed its health checks
 * (`unhealthy`), it passed a limit of `recycle` (`recycled`), `reload()` replaced it (`reloaded`), it was idle for `idleMs` (`idle`), or the
 * pool has given up (`given-up`) or was stopped (`stopped`).
 */
export type EndReason =
  'failed' | 'lost' | 'unhealthy' | 'recycled' | 'reloaded' | 'idle' | 'given-up' | 'stopped';

/** A command of the pool. A reload creates a new version. */
export interface Version {
  readonly number: number;
  readonly command: Command;
}

export class Member<P> implements Seat {
  readonly process: FleetProcess<P>;
  readonly version: Version;
  /**
   * It begins as `starting`. It becomes `ready`, or a `spare` first. Then it is `leaving` until it is gone.
   */
  state: 'starting' | 'spare' | 'ready' | 'leaving' = 'starting';
  /** Set once it has passed a limit. It continues to work until its successor is ready. */
  mark: Mark | undefined;
  /** Set once it leaves. */
  ending: { readonly reason: EndReason; readonly error?: Error } | undefined;
  readyAt: number | undefined;
  /** When it was last seen running a call. */
  lastUse = 0;
  /** How many calls it has answered, or failed by itself. */
  answered = 0;
  /** When its memory was last measured. */
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
