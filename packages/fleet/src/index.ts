/** Keeps pipework plugins running: `@pipework/fleet`. The public names, nothing else. */

export { fleetErrorCodes, FleetError, type FleetErrorCode } from './errors.ts';
export type { Clock } from './clock.ts';
export type { HealthOptions, RestartOptions, SupervisorConfig } from './options.ts';
export type { Setup } from './process.ts';
export type { SupervisorState } from './supervisor/state.ts';
export { fleetChannelName, Supervisor, type StateChange } from './supervisor/supervisor.ts';
export type { PoolCallOptions, PoolConfig, RecycleOptions } from './pool/options.ts';
export { Pool, type PoolStats } from './pool/pool.ts';
export type { Spread } from './pool/stats.ts';
