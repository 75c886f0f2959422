/**
 * Keeps pipework plugins running: supervisors and pools of processes. `@pipework/fleet`.
 *
 * @module
 */

export { fleetErrorCodes, FleetError, type FleetErrorCode } from './errors.ts';
export type { Clock } from './clock.ts';
export type { HealthOptions, RestartOptions, Setup, SupervisorConfig } from './options.ts';
export type { SupervisorState } from './supervisor/events.ts';
export { fleetChannelName, type StateChange } from './supervisor/announcer.ts';
export { Supervisor } from './supervisor/supervisor.ts';
export type { PoolCallOptions, PoolConfig, RecycleOptions } from './pool/options.ts';
export { poolChannelName, type PoolChange } from './pool/announce.ts';
export { Pool, type PoolStats } from './pool/pool.ts';
export type { Spread } from './pool/stats.ts';
export type { EndReason } from './pool/member.ts';
