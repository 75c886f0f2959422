/** One process of a pool. */
import type { FleetProcess } from '../process.ts';
import type { HealthWatch } from '../supervisor/health.ts';
import type { Seat } from './schedule.ts';

/** Why a process is to be replaced. */
export type Mark = 'calls' | 'residentBytes' | 'ageMs' | 'reload';

export class Member<P> implements Seat {
  readonly process: FleetProcess<P>;
  /** Which of the pool's commands it runs; a reload counts it up. */
  readonly version: number;
  /** `starting`, then `ready` (or a `spare` first), then `leaving` until it is gone. */
  state: 'starting' | 'spare' | 'ready' | 'leaving' = 'starting';
  /** Set once it has passed a limit: it works on until its successor is ready. */
  mark: Mark | undefined;
  readyAt = 0;
  /** When it was last seen at work. */
  lastUse = 0;
  /** Calls that it has answered, or failed by itself. */
  answered = 0;
  /** When its memory was last looked at. */
  measuredAt: number = -Infinity;
  health: HealthWatch<P> | undefined;

  constructor(process: FleetProcess<P>, version: number) {
    this.process = process;
    this.version = version;
  }

  get number(): number {
    return this.process.number;
  }
}
