/**
 * The exports for plugins: `@pipework/core/plugin`. This entry loads no code that only a host needs.
 *
 * @module
 */

export type { MuxStream } from '@pipework/mux';
export { serve } from './plugin/serve.ts';
export { serveMux, type MuxEntry } from './plugin/serve-mux.ts';
export type { StreamBroker } from './session/broker.ts';
export type { ServiceHost } from './plugin/host-services.ts';
export type {
  PluginContext,
  PluginSet,
  ServeOptions,
  ServeTransport,
  VersionSets,
} from './plugin/options.ts';
export type { LogMethod, PluginLogger } from './plugin/logger.ts';
export {
  APIVersion,
  MagicCookieKey,
  MagicCookieValue,
  type Handshake,
  type LogLevel,
  type Terminals,
  type TerminalSize,
} from './handshake/env.ts';
export type { Versioned } from './handshake/versioned.ts';
export { errorCodes, isPipeworkError, PipeworkError, type ErrorCode } from './base/errors.ts';
export { printable } from './base/printable.ts';
export { defaultLimits, type Limits } from './base/limits.ts';
export { callContext, type CallContext } from './rpc/api/call-context.ts';
export type { CallOptions } from './rpc/api/call-options.ts';
export type { DispenseOptions } from './rpc/calls/ask-to-dispense.ts';
export type { CallInterceptor, HandlerInterceptor, OutgoingCall } from './rpc/api/interceptors.ts';
export {
  withCallOptions,
  type LocalOrRemote,
  type Reference,
  type Remote,
  type RemoteArgument,
  type RemoteIterable,
  type RemoteMethod,
  type RemoteReadable,
  type RemoteResult,
  type RemoteStream,
  type RemoteValue,
} from './rpc/calls/dispensed-remote.ts';
export type { CannotTravel } from './rpc/remote/travel-types.ts';
export type { CanServe } from './rpc/remote/refusal-types.ts';
export { RemoteError } from './rpc/values/revive-error.ts';
export { ref, retain } from './rpc/remote/stand-in.ts';
export {
  defineContract,
  type CheckedRemote,
  type Contract,
  type ContractErrors,
  type ContractHandlers,
  type ContractInterface,
  type ContractMaker,
  type ContractRaises,
  type MethodOptions,
  type MethodSchemas,
  type SchemasOf,
} from './rpc/contract/contract.ts';
export { checked, implement } from './rpc/contract/contract-checks.ts';
export { DeclaredError, declaredError, isDeclaredError } from './rpc/contract/declared-error.ts';
export {
  callChannelName,
  handlerChannelName,
  processChannelName,
  streamChannelName,
  type CallTrace,
  type StreamTrace,
} from './rpc/api/instrumentation.ts';
export type { SchemaIssue, SchemaResult, StandardSchema } from './rpc/contract/standard-schema.ts';
export type * as ComputedTypes from './computed-types.ts';
