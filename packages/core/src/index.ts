/**
 * The exports for hosts, for plugins, and for both.
 *
 * @module
 */

export * from './plugin.ts';
export { createRemote, type RemoteCall } from './rpc/calls/dispensed-remote.ts';
export { isRemote } from './rpc/remote/stand-in.ts';
export { Client, type DrainOptions, type KillOptions } from './host/client.ts';
export type { PluginAddress } from './host/client-state.ts';
export type {
  ClientConfig,
  Command,
  ServiceClient,
  ServiceContext,
  ServiceSet,
} from './host/start/config.ts';
export type { DescribeOptions, Diagnostics, PingOptions, RPCClient, RPCClientOf } from './host/rpc-client.ts';
export type { Description, PluginDescription } from './host/describe.ts';
export type { MethodDescription } from './rpc/api/description.ts';
export {
  cleanupClients,
  cleanupCount,
  cleanupOnInterrupt,
  killed,
  type InterruptOptions,
} from './host/end/managed.ts';
export { endWithHost } from './host/end/end-with-host.ts';
export { PluginExitError, type EndedBy, type PluginExit } from './host/end/exit.ts';
export {
  StartError,
  type StartErrorCode,
  type StartFacts,
  type StartPhase,
} from './host/start/start-error.ts';
export {
  spawnLauncher,
  type LaunchCommand,
  type LaunchedProcess,
  type Launcher,
  type LaunchReport,
  type ProcessExit,
} from './host/launch/spawn.ts';
export { shellQuoted } from './host/start/shell-quoted.ts';
export { showCommand } from './host/start/show-command.ts';
export { discover } from './host/discover/discover.ts';
export { discoverPackages, type DiscoveredPackage } from './host/discover/discover-packages.ts';
export type { DiscoverOptions, DiscoverPackagesOptions } from './host/discover/options.ts';
export { bubblewrap, type BubblewrapOptions } from './host/launch/bubblewrap.ts';
export { overStdio, type OverStdioOptions } from './host/launch/over-stdio.ts';
export { isListOf } from './base/expect.ts';
export { readBeginning } from './base/regular-file.ts';
export type { Checksum } from './host/start/checksum.ts';
export type { EnvOptions } from './host/start/env.ts';
export type { Logger } from './host/output/logger.ts';
export type { ProcessTrace } from './host/process-trace.ts';
