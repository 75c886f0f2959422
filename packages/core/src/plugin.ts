/** What a plugin needs, and no more: `@pipework/core/plugin`. It loads nothing that only a host needs. */

export { serve } from './plugin/serve.ts';
export { serveMux, type MuxEntry } from './plugin/serve-mux.ts';
export type { PluginContext, PluginSet, ServeOptions, ServeTransport } from './plugin/options.ts';
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
export { errorCodes, isPipeworkError, PipeworkError, type ErrorCode } from './errors.ts';
export { defaultLimits, type Limits } from './limits.ts';
export { callContext, type CallContext } from './rpc/call-context.ts';
export type { CallOptions } from './rpc/call-options.ts';
export type { CallInterceptor, HandlerInterceptor, OutgoingCall } from './rpc/interceptors.ts';
export {
  withCallOptions,
  type Reference,
  type Remote,
  type RemoteMethod,
  type RemoteResult,
  type RemoteStream,
  type RemoteValue,
} from './rpc/remote.ts';
export { RemoteError } from './rpc/remote-error.ts';
export { ref, retain } from './rpc/remote-reference.ts';
export {
  defineContract,
  type Contract,
  type ContractErrors,
  type ContractHandlers,
  type ContractInterface,
  type MethodOptions,
  type MethodSchemas,
} from './rpc/contract.ts';
export { checked, implement } from './rpc/contract-checks.ts';
export { DeclaredError, declaredError, isDeclaredError } from './rpc/declared-error.ts';
export type { CallTrace, StreamTrace } from './rpc/instrumentation.ts';
export type { StandardSchema } from './rpc/standard-schema.ts';
