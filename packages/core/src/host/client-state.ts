/** The states that a client passes through. docs/lifecycle.md has a diagram of them. */

import type { PluginProcess } from './end/plugin-process.ts';
import type { LivePlugin } from './live-plugin.ts';
import type { RPCClientOf } from './rpc-client.ts';

/** The address of a started plugin, and the protocol version on which both sides agreed. */
export interface PluginAddress {
  /** The kind of transport, which is always a pair of pipes. */
  readonly network: 'pipe';
  /** The plugin's descriptors, `3,4`. */
  readonly address: string;
  /** The plugin's process id; undefined if the launcher started no process on this system. */
  readonly pid: number | undefined;
  /** The protocol version that both sides agreed on. */
  readonly protocolVersion: number;
}

/** `start()` was called. `process` is set at the launch. */
export interface Starting<P> {
  readonly is: 'starting';
  readonly ready: Promise<Ready<P>>;
  process: PluginProcess | undefined;
}

/** The handshake is complete. */
export interface Ready<P> {
  readonly is: 'ready';
  readonly ready: Promise<Ready<P>>;
  readonly process: PluginProcess;
  readonly plugin: LivePlugin;
  readonly rpc: RPCClientOf<P>;
  readonly address: PluginAddress;
}

/**
 * The states `starting` and `ready`. The states `ending` and `gone` keep in `of` the state that the client
 * had reached: `starting` or `ready`.
 */
export type Life<P> = Starting<P> | Ready<P>;

/**
 * `ending`: the client is ending the plugin. `gone`: the exit report is made, or there never was a process.
 */
export type ClientState<P> =
  { readonly is: 'new' } | Life<P> | { readonly is: 'ending' | 'gone'; readonly of: Life<P> };

/** Returns the state `starting` or `ready` that the client has reached; undefined before the start. */
export function lifeOf<P>(state: ClientState<P>): Life<P> | undefined {
  if (state.is === 'new') return undefined;
  return 'of' in state ? state.of : state;
}

/** Returns the state after a successful start: `ready`, unless the plugin's end has already begun. */
export function madeReady<P>(state: ClientState<P>, ready: Ready<P>): ClientState<P> {
  return 'of' in state ? { is: state.is, of: ready } : ready;
}
