/** What a client is told: the options, their defaults, and the check that each is what it must be. */

import { basename } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import tty from 'node:tty';
import { inspect } from 'node:util';
import { PipeworkError } from '../errors.ts';
import {
  defaultGraceMs,
  logLevels,
  MagicCookieKey,
  MagicCookieValue,
  type Handshake,
  type LogLevel,
} from '../handshake/env.ts';
import { sortVersions } from '../handshake/negotiate.ts';
import { resolveLimits, type Limits } from '../limits.ts';
import type { CallInterceptor } from '../rpc/interceptors.ts';
import { digestBytes, type Checksum } from './checksum.ts';
import type { EnvOptions } from './env.ts';
import type { Launcher } from './launch.ts';
import type { Logger } from './logger.ts';

/** The program to run: `[file, ...args]`, or the same by name with a working directory and variables of its own. */
export type Command =
  | readonly [file: string, ...args: string[]]
  | {
      readonly file: string;
      readonly args?: readonly string[];
      readonly cwd?: string;
      /** As `env.set`. */
      readonly env?: Readonly<Record<string, string | undefined>>;
    };

/** What a {@link Client} is made of. Only `cmd` is required. */
export interface ClientConfig {
  /** The program to run. */
  readonly cmd: Command;
  /** The plugin's name in messages and log records. Default: the script's or program's base name. */
  readonly name?: string;
  /** Known to `cleanupClients()`, and ended when the host process ends. Default `false`. */
  readonly managed?: boolean;
  /** Milliseconds until the handshake line. Default 60,000; `Infinity` waits as long as the process lives. */
  readonly startTimeout?: number;
  /** Milliseconds that `kill()` waits for the answer to a polite request. Default 2,000. */
  readonly gracePeriod?: number;
  /** The plugin's standard input, never protocol. Default `'inherit'`. */
  readonly stdin?: 'inherit' | 'ignore' | Readable;
  /** Where raw standard output goes, byte for byte. Never ended. What it can't take at once is held up to 8 MiB, then dropped. */
  readonly stdout?: Writable;
  /** Where raw standard error goes, as {@link ClientConfig.stdout}. */
  readonly stderr?: Writable;
  /** Where the plugin's `process.stdout` goes. Never ended; its back-pressure reaches the plugin. */
  readonly syncStdout?: Writable;
  /** Where the plugin's `process.stderr` goes, as {@link ClientConfig.syncStdout}. */
  readonly syncStderr?: Writable;
  /** Raw output as records, hclog's, pino's and bunyan's JSON understood, beside what the client has to say. */
  readonly logger?: Logger;
  /** The least level that the plugin's own logger writes. Default `'info'`. */
  readonly logLevel?: LogLevel;
  /** The cookie both sides agree on. Default: the constants. */
  readonly handshake?: Partial<Handshake>;
  /** The protocol versions this host can speak. Default `[1]`. */
  readonly protocolVersions?: readonly number[];
  /** The plugin's environment: which of the host's variables, and which others. Default: all of the host's. */
  readonly env?: EnvOptions;
  /** The file's digest, verified before anything is started. */
  readonly checksum?: Checksum;
  /** What starts the process. Default {@link spawnLauncher}. */
  readonly launcher?: Launcher;
  /** The plugin leads a process group, which ends with it, grandchildren included. Refused with a terminal as stdin. Default `false`. */
  readonly processGroup?: boolean;
  /** Aborting it kills the client, in the middle of a start as well. */
  readonly signal?: AbortSignal;
  /** Bounds of one session. */
  readonly limits?: Partial<Limits>;
  /** Around each call to the plugin, the first outermost. */
  readonly interceptors?: readonly CallInterceptor[];
}

/** The same, checked and filled in. */
export interface ClientSettings {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string | undefined;
  readonly commandEnv: Readonly<Record<string, string | undefined>>;
  readonly managed: boolean;
  readonly startTimeout: number;
  readonly gracePeriod: number;
  readonly stdin: 'inherit' | 'ignore' | Readable;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  readonly syncStdout: Writable | undefined;
  readonly syncStderr: Writable | undefined;
  readonly logger: Logger | undefined;
  readonly logLevel: LogLevel;
  readonly handshake: Handshake;
  readonly protocolVersions: readonly number[];
  readonly env: EnvOptions;
  readonly checksum: Checksum | undefined;
  readonly launcher: Launcher | undefined;
  readonly processGroup: boolean;
  readonly signal: AbortSignal | undefined;
  readonly limits: Limits;
  readonly interceptors: readonly CallInterceptor[];
}

const keys = new Set([
  'cmd',
  'name',
  'managed',
  'startTimeout',
  'gracePeriod',
  'stdin',
  'stdout',
  'stderr',
  'syncStdout',
  'syncStderr',
  'logger',
  'logLevel',
  'handshake',
  'protocolVersions',
  'env',
  'checksum',
  'launcher',
  'processGroup',
  'signal',
  'limits',
  'interceptors',
]);

/** Checks every option and fills in the defaults. Throws `CONFIG_INVALID` naming the first that is wrong. */
export function settleConfig(config: ClientConfig): ClientSettings {
  expect(isObject(config), 'config', 'an object with at least `cmd`', config);
  for (const key of Object.keys(config)) {
    expect(
      keys.has(key),
      'config',
      `made of known options, not \`${key}\`; they are ${[...keys].join(', ')}`,
      undefined,
    );
  }
  const { file, args, cwd, env: commandEnv } = settleCommand(config.cmd);
  const settings: ClientSettings = {
    name: config.name ?? nameOf(file, args),
    file,
    args,
    cwd,
    commandEnv: commandEnv ?? {},
    managed: flag('managed', config.managed),
    startTimeout: milliseconds('startTimeout', config.startTimeout, 60_000),
    gracePeriod: milliseconds('gracePeriod', config.gracePeriod, defaultGraceMs),
    stdin: config.stdin ?? 'inherit',
    stdout: sink('stdout', config.stdout),
    stderr: sink('stderr', config.stderr),
    syncStdout: sink('syncStdout', config.syncStdout),
    syncStderr: sink('syncStderr', config.syncStderr),
    logger: config.logger,
    logLevel: config.logLevel ?? 'info',
    handshake: {
      magicCookieKey: config.handshake?.magicCookieKey ?? MagicCookieKey,
      magicCookieValue: config.handshake?.magicCookieValue ?? MagicCookieValue,
    },
    protocolVersions: versions(config.protocolVersions),
    env: config.env ?? {},
    checksum: config.checksum,
    launcher: config.launcher,
    processGroup: flag('processGroup', config.processGroup),
    signal: config.signal,
    limits: resolveLimits(config.limits),
    interceptors: config.interceptors ?? [],
  };
  checkRest(config, settings);
  return settings;
}

function checkRest(config: ClientConfig, settings: ClientSettings): void {
  const { stdin, handshake, checksum, signal, launcher, logger, env } = settings;
  expect(typeof settings.name === 'string' && settings.name !== '', 'name', 'a text', config.name);
  expect(
    stdin === 'inherit' || stdin === 'ignore' || isObject(stdin, 'pipe'),
    'stdin',
    "'inherit', 'ignore' or a Readable",
    stdin,
  );
  expect(
    !settings.processGroup || stdin !== 'inherit' || !tty.isatty(0),
    'processGroup',
    "false while stdin is 'inherit' and a terminal: a group of its own cannot read from it. Set stdin to 'ignore'",
    true,
  );
  expect(logLevels.includes(settings.logLevel), 'logLevel', logLevels.join(', '), config.logLevel);
  expect(isText(handshake.magicCookieKey), 'handshake.magicCookieKey', 'a text', handshake.magicCookieKey);
  expect(
    isText(handshake.magicCookieValue),
    'handshake.magicCookieValue',
    'a text',
    handshake.magicCookieValue,
  );
  expect(isObject(env), 'env', '{ inherit, set }', env);
  expect(
    env.inherit === undefined || typeof env.inherit === 'boolean' || Array.isArray(env.inherit),
    'env.inherit',
    'true, false or a list of names',
    env.inherit,
  );
  expect(env.set === undefined || isObject(env.set), 'env.set', 'an object of variables', env.set);
  if (checksum !== undefined) {
    expect(isObject(checksum), 'checksum', "{ algorithm: 'sha256', value }", checksum);
    expect(checksum.algorithm === 'sha256', 'checksum.algorithm', "'sha256'", checksum.algorithm);
    expect(
      digestBytes(checksum.value) !== undefined,
      'checksum.value',
      '64 hexadecimal digits or 32 bytes',
      checksum.value,
    );
  }
  expect(signal === undefined || signal instanceof AbortSignal, 'signal', 'an AbortSignal', signal);
  expect(launcher === undefined || typeof launcher === 'function', 'launcher', 'a function', launcher);
  expect(logger === undefined || isObject(logger), 'logger', 'an object with methods such as info', logger);
}

function settleCommand(cmd: Command): Extract<Command, { file: string }> & { args: readonly string[] } {
  const shape = '[file, ...args] or { file, args, cwd, env }';
  const command = Array.isArray(cmd) ? { file: cmd[0] as string, args: cmd.slice(1) as string[] } : cmd;
  expect(isObject(command), 'cmd', shape, cmd);
  const { file, args = [], cwd } = command as Extract<Command, { file: string }>;
  expect(isText(file), Array.isArray(cmd) ? 'cmd[0]' : 'cmd.file', 'the program to run', file);
  expect(Array.isArray(args) && args.every((arg) => typeof arg === 'string'), 'cmd.args', 'texts', args);
  expect(cwd === undefined || isText(cwd), 'cmd.cwd', 'a directory', cwd);
  return { ...(command as Extract<Command, { file: string }>), args };
}

/** The script, where an interpreter runs one; the program otherwise. */
function nameOf(file: string, args: readonly string[]): string {
  const program = basename(file).replace(/\.exe$/i, '');
  if (!/^(node|bun|deno|python[\d.]*|ruby|perl|tsx|sh|bash)$/.test(program)) return program;
  const script = args.find((arg) => !arg.startsWith('-') && /[./\\]/.test(arg));
  return script === undefined ? program : basename(script);
}

function versions(given: readonly number[] | undefined): readonly number[] {
  const list = given ?? [1];
  const valid = Array.isArray(list) && list.length > 0 && list.every((v) => Number.isSafeInteger(v) && v > 0);
  expect(valid, 'protocolVersions', 'a list of whole numbers above 0', given);
  return sortVersions(list);
}

function flag(name: string, value: boolean | undefined): boolean {
  expect(value === undefined || typeof value === 'boolean', name, 'true or false', value);
  return value ?? false;
}

function milliseconds(name: string, value: number | undefined, fallback: number): number {
  const fits = typeof value === 'number' && value > 0 && (value <= 0x7fff_ffff || value === Infinity);
  expect(value === undefined || fits, name, 'milliseconds above 0', value);
  return value ?? fallback;
}

function sink(name: string, value: Writable | undefined): Writable | undefined {
  expect(value === undefined || isObject(value, 'write'), name, 'a Writable', value);
  return value;
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && !value.includes('\0');
}

function isObject(value: unknown, method?: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return method === undefined || typeof (value as Record<string, unknown>)[method] === 'function';
}

function expect(holds: boolean, name: string, expected: string, came: unknown): asserts holds {
  if (holds) return;
  const got = came === undefined ? '' : `; got ${inspect(came, { depth: 0, maxStringLength: 60 })}`;
  throw new PipeworkError('CONFIG_INVALID', `${name} must be ${expected}${got}`);
}
