/**
 * The types from which the exported types are computed. Editors show their names. A program should use the
 * exported types instead, because the computation may change in any version.
 *
 * @module
 */

export type * from './rpc/remote/refusal-types.ts';
export type * from './rpc/remote/refused-classes.ts';
export type * from './rpc/remote/remote-types.ts';
export type * from './rpc/remote/signatures.ts';
export type * from './rpc/remote/tool-names.ts';
export type * from './rpc/remote/travel-types.ts';
export type {
  CheckedBy,
  CheckedSchemas,
  ErrorsOf,
  Given,
  HandlerOf,
  InputSchemas,
  Inputs,
  Merge,
  NoOthers,
  OptionalTail,
  Outputs,
  RaisesOf,
  Taking,
  TakingEach,
  TypesOf,
  WithoutOptions,
} from './rpc/contract/contract.ts';
export type { InputOf, OutputOf } from './rpc/contract/standard-schema.ts';
export type { ByVersion, VersionKey, VersionOf, VersionsOf } from './handshake/versioned.ts';
