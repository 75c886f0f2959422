/** Watches the health of the current process, and whether the plugin is used. */
import type { Clock } from '../clock.ts';
import type { HealthOptions } from '../options.ts';
import type { FleetProcess } from '../process.ts';
import { IdleWatch, isInUse } from './activity.ts';
import { HealthWatch } from './health.ts';

export interface WatchOptions<P> {
  readonly health: HealthOptions<P> | undefined;
  readonly idleMs: number;
  readonly clock: Clock;
  onUnhealthy(reason: Error): void;
  onUnused(): void;
}

export class Watches<P> {
  readonly #health: HealthWatch<P> | undefined;
  readonly #idle: IdleWatch | undefined;

  /** Begins to watch the process, which must be ready. */
  constructor(process: FleetProcess<P>, options: WatchOptions<P>) {
    const { health, idleMs, clock } = options;
    const rpc = process.rpc!;
    if (idleMs !== Infinity) {
      const isBusy = (): boolean | undefined =>
        this.#health?.isChecking === true ? undefined : isInUse(rpc.diagnostics());
      this.#idle = new IdleWatch(idleMs, clock, isBusy, () => options.onUnused());
      process.onServiceCall = () => this.used();
    }
    if (health !== undefined) {
      this.#health = new HealthWatch(rpc, health, clock, {
        verdict: (reason) => options.onUnhealthy(reason),
        checked: () => this.#idle?.lookAgain(),
      });
    }
  }

  /** Called when a call is made. */
  used(): void {
    this.#idle?.used();
  }

  stop(): void {
    this.#health?.stop();
    this.#idle?.stop();
  }
}
