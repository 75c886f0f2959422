/**
 * The names of attributes, metrics and channels. Names that begin with `rpc.`, `error.`, `network.` and
 * `process.` come from OpenTelemetry's semantic conventions (1.45). Names that are not in the conventions
 * begin with `pipework.`.
 */

export const attributes = {
  system: 'rpc.system.name',
  method: 'rpc.method',
  methodOriginal: 'rpc.method_original',
  statusCode: 'rpc.status_code',
  errorType: 'error.type',
  transport: 'network.transport',
  pid: 'process.pid',
  exitCode: 'process.exit.code',
  plugin: 'pipework.plugin',
  cancelled: 'pipework.cancelled',
  direction: 'pipework.stream.direction',
  items: 'pipework.stream.items',
  protocolVersion: 'pipework.protocol_version',
  signal: 'pipework.exit.signal',
  endedBy: 'pipework.exit.by',
  uptime: 'pipework.process.uptime',
  reason: 'pipework.restart.reason',
  pool: 'pipework.pool.name',
} as const;

export const metricNames = {
  client: 'rpc.client.call.duration',
  server: 'rpc.server.call.duration',
  activeClient: 'pipework.client.active_calls',
  activeServer: 'pipework.server.active_calls',
  streams: 'pipework.active_streams',
  processes: 'pipework.processes',
  startDuration: 'pipework.process.start.duration',
  exits: 'pipework.process.exits',
  memory: 'pipework.process.memory.usage',
  restarts: 'pipework.restarts',
  poolProcesses: 'pipework.pool.processes',
  poolBusy: 'pipework.pool.busy',
  poolQueued: 'pipework.pool.queued',
} as const;

/** The value of `rpc.system.name`. */
export const system = 'pipework';

/**
 * Stands for a value that is unknown, and for each new value of an attribute that already has too many
 * values.
 */
export const other = '_OTHER';

/**
 * The names of the channels of `@pipework/fleet`. This file repeats the names, because a program without a
 * fleet must not load that package. A test compares these copies with the names in fleet.
 */
export const fleetChannels = { supervisor: 'pipework:fleet', pool: 'pipework:pool' } as const;
