/**
 * Core's behaviour tests import only public names, and the internal names that this file exports. If a file
 * inside `src` moves, only this file changes.
 */

export { dispose } from '../../src/base/dispose.ts';
export { isPipeworkError } from '../../src/base/errors.ts';
export { type Limits, checkLimits } from '../../src/base/limits.ts';
export { isProbedName, namesOfTools } from '../../src/base/probed-names.ts';
export type { LaunchedProcess } from '../../src/host/launch/spawn.ts';
export { awaitLine } from '../../src/host/start/greeting.ts';
export type { CallOptions } from '../../src/rpc/api/call-options.ts';
export { callContext, type CallContext, keepContextEverywhere } from '../../src/rpc/api/call-context.ts';
export type { CallTrace, StreamTrace } from '../../src/rpc/api/instrumentation.ts';
export { servedObjectOf } from '../../src/rpc/api/served-object.ts';
export { Conversation, type ConversationOptions } from '../../src/rpc/calls/conversation.ts';
export {
  createRemote,
  type RemoteCall,
  dispensedRemote,
  type Reference,
  type Remote,
  type RemoteIterable,
  type RemoteReadable,
  type RemoteStream,
  withCallOptions,
} from '../../src/rpc/calls/dispensed-remote.ts';
export {
  type ContractErrors,
  type ContractHandlers,
  type ContractInterface,
  defineContract,
} from '../../src/rpc/contract/contract.ts';
export { checked, implement } from '../../src/rpc/contract/contract-checks.ts';
export { DeclaredError, declaredError, isDeclaredError } from '../../src/rpc/contract/declared-error.ts';
export type { StandardSchema } from '../../src/rpc/contract/standard-schema.ts';
export { ref, retain } from '../../src/rpc/remote/stand-in.ts';
/** Loads a second instance of the module `stand-in.ts`, as in a process with two copies of the package. */
export const copyOfStandIn = async (): Promise<typeof import('../../src/rpc/remote/stand-in.ts')> =>
  (await import(
    /* @vite-ignore */ new URL('../../src/rpc/remote/stand-in.ts?copy', import.meta.url).href
  )) as typeof import('../../src/rpc/remote/stand-in.ts');
export { makeBytes } from '../../src/rpc/values/bytes.ts';
export { RemoteError } from '../../src/rpc/values/revive-error.ts';
export { KnownTexts } from '../../src/rpc/wire/known-texts.ts';
export { countReceived } from '../../src/rpc/wire/malloc-trim.ts';
export { fullCodec } from '../../src/rpc/wire/msgpack.ts';
export { scratch } from '../../src/rpc/wire/scratch.ts';
export { Broker } from '../../src/session/broker.ts';
export { type Capability, ownCapabilities } from '../../src/session/capabilities.ts';
export { Shared, type SharedOptions } from '../../src/session/shared.ts';
