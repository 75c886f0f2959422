/**
 * The environment variables by which a process learns that it is a plugin: their names, and the functions
 * that write and read them.
 */

import { expect, expectKeys, isText } from '../base/expect.ts';
import { maxTimerMs } from '../base/timers.ts';
import { parseVersions } from './negotiate.ts';

/**
 * The version of the handshake itself, which is the first field of the handshake line. Both sides must have
 * the same version, compared as a string.
 */
export const APIVersion = '1';

/** Default name of the environment variable that carries the magic cookie. */
export const MagicCookieKey = 'OTTO_PLUGIN_MAGIC_COOKIE';

/**
 * Default value of the magic cookie. The cookie is not a secret. It only shows that a host, and not a person,
 * started the program.
 */
export const MagicCookieValue = '11aab7ff21cb9ff7b0e9975d53f17a8dab571eac9b5ff0191730046698f07b7f';

/** The cookie that both sides agree on. */
export interface Handshake {
  /** The name of the environment variable that carries the cookie. Default {@link MagicCookieKey}. */
  readonly magicCookieKey: string;
  /** The value that the plugin expects in that variable. Default {@link MagicCookieValue}. */
  readonly magicCookieValue: string;
}

/** The names of all variables except the cookie's. */
export const envNames = {
  fds: 'PIPEWORK_FDS',
  protocolVersions: 'PIPEWORK_PROTOCOL_VERSIONS',
  capabilities: 'PIPEWORK_CAPABILITIES',
  graceMs: 'PIPEWORK_GRACE_MS',
  logLevel: 'PIPEWORK_LOG_LEVEL',
  terminal: 'PIPEWORK_TERMINAL',
  command: 'PIPEWORK_COMMAND',
} as const;

/**
 * The beginning of the message that `serve()` prints if the descriptors are missing. The host looks for this
 * text on the plugin's standard error.
 */
export const lostDescriptorsMark = 'pipework: the descriptors';

/** The lowest level that the plugin's own logger writes; `off` writes none. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'off';

/** Levels of the plugin's own logger, the lowest first. */
export const logLevels: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'off'];

/**
 * The abilities of a terminal to which one of the host's sinks writes, as they were at the plugin's start.
 */
export interface TerminalSize {
  /** The width in characters. */
  readonly columns: number;
  /** The height in lines. */
  readonly rows: number;
  /** Bits of colour: 1, 4, 8 or 24, as `tty.WriteStream.getColorDepth()` counts them. */
  readonly colorDepth: number;
}

/** Which of the host's sinks for synced output are terminals. */
export interface Terminals {
  /** The terminal to which `syncStdout` writes; absent if there is none. */
  readonly stdout?: TerminalSize;
  /** The terminal to which `syncStderr` writes; absent if there is none. */
  readonly stderr?: TerminalSize;
}

/** The values that the host passes to the plugin in the environment. */
export interface HostGreeting {
  /** The descriptors that carry the protocol: downstream first. */
  readonly fds: readonly [downstream: number, upstream: number];
  readonly protocolVersions: readonly number[];
  readonly capabilities: readonly string[];
  readonly graceMs: number;
  readonly logLevel: LogLevel;
  readonly terminals: Terminals;
}

/**
 * The longest wait that a host can announce, in milliseconds. A host that waits without a limit announces
 * this value, which is the longest delay of a timer.
 */
const maxGraceMs = maxTimerMs;

/** How long a host waits for the answer to Quit by default, in milliseconds. */
export const defaultGraceMs = 2_000;

/**
 * Returns the environment variables for one start, including the cookie. `greeting.fds` are the descriptors
 * of the ordinary launcher. A launcher that uses other descriptors replaces `PIPEWORK_FDS`.
 */
export function writeHostGreeting(greeting: HostGreeting, handshake: Handshake): Record<string, string> {
  return {
    [handshake.magicCookieKey]: handshake.magicCookieValue,
    [envNames.fds]: greeting.fds.join(','),
    [envNames.protocolVersions]: [...greeting.protocolVersions].sort((a, b) => a - b).join(','),
    [envNames.capabilities]: greeting.capabilities.join(','),
    [envNames.graceMs]: String(Math.min(Math.ceil(greeting.graceMs), maxGraceMs)),
    [envNames.logLevel]: greeting.logLevel,
    [envNames.terminal]: formatTerminals(greeting.terminals),
  };
}

/** True if the environment has the cookie that `handshake` expects. */
export function hasCookie(env: NodeJS.ProcessEnv, handshake: Handshake): boolean {
  return env[handshake.magicCookieKey] === handshake.magicCookieValue;
}

/**
 * Reads the variables that the host set, and removes them from `env`, so that the plugin's own children do
 * not mistake themselves for plugins. A missing or invalid value is replaced by its default, because hosts in
 * other languages set only the variables that they know.
 */
export function takeHostGreeting(env: NodeJS.ProcessEnv, handshake: Handshake): HostGreeting {
  const greeting: HostGreeting = {
    fds: parseFds(env[envNames.fds]),
    protocolVersions: parseVersions(env[envNames.protocolVersions]),
    capabilities: (env[envNames.capabilities] ?? '').split(',').filter((word) => word !== ''),
    graceMs: parseGrace(env[envNames.graceMs]),
    logLevel: logLevels.find((level) => level === env[envNames.logLevel]) ?? 'info',
    terminals: parseTerminals(env[envNames.terminal] ?? ''),
  };
  delete env[handshake.magicCookieKey];
  for (const name of Object.values(envNames)) delete env[name];
  return greeting;
}

function parseFds(text: string | undefined): readonly [number, number] {
  const match = /^(\d{1,4}),(\d{1,4})$/.exec(text ?? '');
  return match === null ? [3, 4] : [Number(match[1]), Number(match[2])];
}

function parseGrace(text: string | undefined): number {
  const milliseconds = /^\d{1,10}$/.test(text ?? '') ? Number(text) : 0;
  return milliseconds > 0 ? milliseconds : defaultGraceMs;
}

function formatTerminals(terminals: Terminals): string {
  return Object.entries(terminals)
    .flatMap(([name, t]: [string, TerminalSize | undefined]) =>
      t === undefined ? [] : [`${name}:${t.columns}x${t.rows}x${t.colorDepth}`],
    )
    .join(',');
}

function parseTerminals(text: string): Terminals {
  const terminals: { stdout?: TerminalSize; stderr?: TerminalSize } = {};
  for (const match of text.matchAll(/(stdout|stderr):(\d{1,5})x(\d{1,5})x(\d{1,2})/g)) {
    terminals[match[1] as 'stdout' | 'stderr'] = {
      columns: Number(match[2]),
      rows: Number(match[3]),
      colorDepth: Number(match[4]),
    };
  }
  return terminals;
}

/** Checks the cookie and fills in its defaults. Throws `CONFIG_INVALID` with the name of the invalid part. */
export function checkHandshake(given: Partial<Handshake> = {}): Handshake {
  expectKeys('handshake', given, ['magicCookieKey', 'magicCookieValue']);
  const { magicCookieKey = MagicCookieKey, magicCookieValue = MagicCookieValue } = given;
  const named =
    isText(magicCookieKey) && !magicCookieKey.includes('=') && !magicCookieKey.startsWith('PIPEWORK_');
  expect(
    named,
    'handshake.magicCookieKey',
    'the name of an environment variable that does not begin with PIPEWORK_',
    magicCookieKey,
  );
  expect(isText(magicCookieValue), 'handshake.magicCookieValue', 'a text', magicCookieValue);
  return { magicCookieKey, magicCookieValue };
}
