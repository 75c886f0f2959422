/**
 * The handshake line, which tells a host how to talk to its plugin: formatting, parsing, and the host's
 * verdict. This file is pure.
 */

import { printableLine } from '../base/printable.ts';
import { APIVersion } from './env.ts';
import { explainMismatch, parseVersions, sortVersions } from './negotiate.ts';

/** The maximum length of the line in bytes, without its line break. */
export const maxLineBytes = 4096;

/** The one protocol that this runtime speaks above the mux. */
export const protocolName = 'msgpack-rpc';

/** The facts that a handshake line states about its plugin. */
export interface PluginGreeting {
  /** The descriptors as the plugin read them from its environment, such as `3,4`. */
  readonly address: string;
  readonly protocolVersion: number;
  /** The versions that the plugin can speak, ascending. */
  readonly protocolVersions: readonly number[];
  readonly capabilities: ReadonlySet<string>;
}

/** The reason why a host does not talk to a plugin. */
export interface RefusedLine {
  readonly code:
    | 'HANDSHAKE_UNRECOGNIZED'
    | 'HANDSHAKE_API_VERSION'
    | 'HANDSHAKE_NETWORK'
    | 'HANDSHAKE_PROTOCOL'
    | 'HANDSHAKE_VERSION';
  readonly message: string;
}

/** Returns the line that a plugin writes, with its line break. */
export function formatLine(greeting: {
  address: string;
  protocolVersion: number;
  capabilities: Iterable<string>;
  protocolVersions: readonly number[];
}): string {
  const fields = [
    APIVersion,
    'pipe',
    greeting.address,
    protocolName,
    greeting.protocolVersion,
    [...greeting.capabilities].join(','),
    sortVersions(greeting.protocolVersions).join(','),
  ];
  return `${fields.join('|')}\n`;
}

/**
 * Reads a line and judges it. `line` has no line break; a carriage return at its end is tolerated. Returns
 * the refusal of the first check that fails. The order of the checks is shape, API version, network,
 * protocol, application version, so that the most informative mistake is reported. Fields after the seventh
 * are for future versions, and are ignored.
 */
export function judgeLine(line: string, hostVersions: readonly number[]): PluginGreeting | RefusedLine {
  const [api, network, address, protocol, version, capabilities, versions] = line
    .replace(/\r$/, '')
    .split('|');
  if (api === undefined || network === undefined || address === undefined) return unrecognized(line);
  if (!/^\d{1,4},\d{1,4}$/.test(address) && api === APIVersion && network === 'pipe')
    return unrecognized(line);
  if (api !== APIVersion) {
    return {
      code: 'HANDSHAKE_API_VERSION',
      message: `Incompatible API version with plugin. Plugin version: ${printableLine(api)}, Ours: ${APIVersion}`,
    };
  }
  if (network !== 'pipe') {
    // go-plugin's line has the application's version before the network.
    const isGoPlugins = /^\d+$/.test(network) && /^(?:unix|tcp)$/.test(address);
    const named = isGoPlugins ? address : printableLine(network);
    const whose = isGoPlugins ? 'the line is that of a go-plugin plugin, and ' : '';
    return {
      code: 'HANDSHAKE_NETWORK',
      message: `Unknown address type: ${named} (${whose}this host talks to its plugins over pipes only)`,
    };
  }
  if (protocol !== undefined && protocol !== '' && protocol !== protocolName) {
    return {
      code: 'HANDSHAKE_PROTOCOL',
      message: `unsupported plugin protocol "${printableLine(protocol)}" (this host speaks ${protocolName})`,
    };
  }
  if (version !== undefined && version !== '' && !/^\d{1,15}$/.test(version)) return unrecognized(line);
  const protocolVersion = version === undefined || version === '' ? 1 : Number(version);
  const offered = versions === undefined || versions === '' ? undefined : parseVersions(versions);
  if (!hostVersions.includes(protocolVersion)) {
    return { code: 'HANDSHAKE_VERSION', message: explainMismatch(protocolVersion, offered, hostVersions) };
  }
  const words = (capabilities ?? '').split(',').filter((word) => word !== '');
  const protocolVersions = offered ?? [protocolVersion];
  return { address, protocolVersion, protocolVersions, capabilities: new Set(words) };
}

/**
 * Returns the refusal of text that is not a handshake line. The refusal shows the text, which is made
 * printable and shortened.
 */
export function unrecognized(text: string): RefusedLine {
  const hint =
    text.trim() === ''
      ? ' (an empty line)'
      : '. The pipe to the host (descriptor 4, or 1 with overStdio()) carries the protocol: nothing else may write to it before serve() does';
  return {
    code: 'HANDSHAKE_UNRECOGNIZED',
    message: `Unrecognized remote plugin message: ${printableLine(text)}${hint}`,
  };
}
