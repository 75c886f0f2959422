/** The options of a client: their defaults, and the check of each. */

import { basename } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import tty from 'node:tty';
import {
  expect,
  expectFactory,
  expectFunctions,
  expectKeys,
  expectSignal,
  expectVariables,
  isListOf,
  isObject,
  isStream,
  isText,
} from '../../base/expect.ts';
import {
  checkHandshake,
  defaultGraceMs,
  logLevels,
  type Handshake,
  type LogLevel,
} from '../../handshake/env.ts';
import { sortVersions } from '../../handshake/negotiate.ts';
import type { VersionOf } from '../../handshake/versioned.ts';
import { printableLine } from '../../base/printable.ts';
import { maxTimerMs } from '../../base/timers.ts';
import { checkLimits, type Limits } from '../../base/limits.ts';
import type { CallInterceptor, HandlerInterceptor } from '../../rpc/api/interceptors.ts';
import type { CanServe } from '../../rpc/remote/refusal-types.ts';
import type { StreamBroker } from '../../session/broker.ts';
import type { PluginExit } from '../end/exit.ts';
import { digestBytes, type Checksum } from './checksum.ts';
import type { EnvOptions } from './env.ts';
import type { Launcher } from '../launch/spawn.ts';
import { isLogger, type Logger } from '../output/logger.ts';

/** The program to run: `[file, ...args]`, or an object that also has a working directory and variables. */
export type Command =
  | readonly [file: string, ...args: string[]]
  | {
      /** The program: a path, or a name to look up in `PATH`. */
      readonly file: string;
      /** The program's arguments, without its own name. */
      readonly args?: readonly string[];
      /** The program's working directory. Default: the host's. */
      readonly cwd?: string;
      /**
       * Variables in addition to those that the client's `env` option lets through. A variable that is
       * undefined is left out.
       */
      readonly env?: Readonly<Record<string, string | undefined>>;
    };

/** The client whose plugin asks for a service: the members that the service's factory may use. */
export interface ServiceClient {
  /** The plugin's process id; undefined if the launcher started no process on this system. */
  readonly pid: number | undefined;
  /** True once the process is gone. */
  readonly exited: boolean;
  /** Resolves to the report on the process's end, once the process has ended. Never rejects. */
  readonly exit: Promise<PluginExit>;
  /** The protocol version that both sides agreed on; undefined before the start has succeeded. */
  readonly negotiatedVersion: number | undefined;
  /** Ends the plugin, like `Client.kill()`. */
  kill(): Promise<PluginExit>;
}

/** The argument of a service's factory at each dispense. */
export interface ServiceContext {
  /** Raw byte streams beside the calls. */
  readonly broker: StreamBroker;
  /** Aborts when the plugin has released this implementation, or when the session has ended. */
  readonly signal: AbortSignal;
  /** The client of the plugin that asks: the object that `new Client()` returned. */
  readonly client: ServiceClient;
}

/**
 * Factories of services by name. Each factory is called once for each dispense, so that one implementation
 * serves one plugin.
 */
export type ServiceSet<S> = {
  readonly [K in keyof S]: ((context: ServiceContext) => S[K] | Promise<S[K]>) & CanServe<S[K]>;
};

/**
 * The options of a {@link Client}. Only `cmd` is required. `S` are the services that the host provides, and `P`
 * are the plugins of the client.
 */
export interface ClientConfig<S = Record<never, never>, P = unknown> {
  /** The program to run. */
  readonly cmd: Command;
  /**
   * The plugin's name in messages and log records. Unprintable characters of the name are written as escapes.
   * Default: the base name of the script or program.
   */
  readonly name?: string;
  /**
   * If true, the client ends when `cleanupClients()` is called and when the host process ends. Default
   * `false`.
   */
  readonly managed?: boolean;
  /**
   * Milliseconds within which the handshake line must arrive. Default 60,000. With `Infinity`, the client
   * waits until the process ends.
   */
  readonly startTimeout?: number;
  /** Milliseconds that `kill()` waits after it has asked the plugin to leave. Default 2,000. */
  readonly gracePeriod?: number;
  /**
   * The plugin's standard input. Default `'ignore'`: an empty input. With `'inherit'`, host and plugin read
   * from the same input, and each byte goes to only one of them. If the host reads its own standard input as
   * well, the plugin can block the host until the plugin ends. With `overStdio()`, standard input carries the
   * protocol, and a Readable is refused.
   */
  readonly stdin?: 'inherit' | 'ignore' | Readable;
  /**
   * The sink for the plugin's raw standard output, byte for byte. The client never ends this stream. Up to 8
   * MiB are queued for the stream, and bytes beyond that are dropped.
   */
  readonly stdout?: Writable;
  /** The sink for the plugin's raw standard error. The rules are those of {@link ClientConfig.stdout}. */
  readonly stderr?: Writable;
  /**
   * The destination of the plugin's `process.stdout`. A Writable is never ended, and its back-pressure
   * reaches the plugin. With `'log'`, the output goes to `logger` as records, and plain lines have the level
   * `info`. With `'ignore'`, the output is dropped. Default `'log'` if there is a `logger`, and otherwise
   * `'ignore'`.
   */
  readonly syncStdout?: Writable | 'log' | 'ignore';
  /**
   * The destination of the plugin's `process.stderr`. The rules are those of {@link ClientConfig.syncStdout}.
   */
  readonly syncStderr?: Writable | 'log' | 'ignore';
  /**
   * Receives the plugin's output and the client's own messages as records. The client reads the level and the
   * message from the usual forms of log lines.
   */
  readonly logger?: Logger;
  /** The lowest level that the plugin's own logger writes. Default `'info'`. */
  readonly logLevel?: LogLevel;
  /** The cookie that both sides agree on. Default: `MagicCookieKey` and `MagicCookieValue`. */
  readonly handshake?: Partial<Handshake>;
  /**
   * The protocol versions that this host can speak. Default `[1]`. For `Versioned` plugins, only their versions
   * are accepted.
   */
  readonly protocolVersions?: readonly VersionOf<P>[];
  /**
   * The plugin's environment: the host's variables that are passed on, and further variables. Default: all of
   * the host's variables.
   */
  readonly env?: EnvOptions;
  /** The expected digest of a file, verified before anything is started. */
  readonly checksum?: Checksum;
  /** Starts the process. Default `spawnLauncher`. */
  readonly launcher?: Launcher;
  /**
   * If true, the plugin leads a process group. When the plugin ends, the whole group ends, grandchildren
   * included. Refused if `stdin` is `'inherit'` and the host's standard input is a terminal. Default `false`.
   */
  readonly processGroup?: boolean;
  /** When this signal aborts, the client is killed, even during a start. */
  readonly signal?: AbortSignal;
  /** Bounds of the session. A bound that is left out has its value from `defaultLimits`. */
  readonly limits?: Partial<Limits>;
  /** Functions that run around each call to the plugin, the first one outermost. */
  readonly interceptors?: readonly CallInterceptor[];
  /**
   * Services that the host offers to this plugin. The plugin asks for them by `context.host.dispense(name)`.
   * The services are disposed of at the end of the session.
   */
  readonly provide?: ServiceSet<S>;
  /** Functions that run around each call of the plugin to a service, the first one outermost. */
  readonly handlerInterceptors?: readonly HandlerInterceptor[];
  /**
   * Receives each error before it is sent to the plugin: an error that a service or callback threw, or an
   * error inside a value. The error that the function returns is sent instead.
   */
  readonly redactError?: (error: unknown, method: string) => unknown;
}

/** The options of a {@link ClientConfig}, checked and with defaults. */
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
  readonly syncStdout: Writable | 'log' | 'ignore';
  readonly syncStderr: Writable | 'log' | 'ignore';
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
  readonly provide: Readonly<Record<string, (context: ServiceContext) => unknown>> | undefined;
  readonly handlerInterceptors: readonly HandlerInterceptor[];
  readonly redactError: ((error: unknown, method: string) => unknown) | undefined;
}

const keys = [
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
  'provide',
  'handlerInterceptors',
  'redactError',
];

/**
 * Checks every option and fills in the defaults. Throws `CONFIG_INVALID` with the name of the first invalid
 * option.
 */
export function checkConfig(config: ClientConfig<unknown>): ClientSettings {
  expectKeys('config', config, keys);
  for (const [key, value] of Object.entries(config)) expect(value !== null, key, 'left out rather than null');
  const { file, args, cwd, env: commandEnv } = checkCommand(config.cmd);
  const settings: ClientSettings = {
    name: config.name ?? nameOf(file, args),
    file,
    args,
    cwd,
    commandEnv: commandEnv ?? {},
    managed: flag('managed', config.managed),
    startTimeout: milliseconds('startTimeout', config.startTimeout, 60_000),
    gracePeriod: milliseconds('gracePeriod', config.gracePeriod, defaultGraceMs),
    stdin: config.stdin ?? 'ignore',
    stdout: sink('stdout', config.stdout),
    stderr: sink('stderr', config.stderr),
    syncStdout: syncedTarget('syncStdout', config.syncStdout, config.logger),
    syncStderr: syncedTarget('syncStderr', config.syncStderr, config.logger),
    logger: config.logger,
    logLevel: config.logLevel ?? 'info',
    handshake: checkHandshake(config.handshake),
    protocolVersions: versions(config.protocolVersions),
    env: config.env ?? {},
    checksum: config.checksum,
    launcher: config.launcher,
    processGroup: flag('processGroup', config.processGroup),
    signal: config.signal,
    limits: checkLimits(limitsOf(config.limits)),
    interceptors: config.interceptors ?? [],
    provide: config.provide,
    handlerInterceptors: config.handlerInterceptors ?? [],
    redactError: config.redactError,
  };
  checkProcess(settings);
  checkEnv(settings.env);
  if (settings.checksum !== undefined) checkChecksum(settings.checksum);
  const { name, logLevel, signal, launcher, logger, interceptors } = settings;
  expect(isText(name), 'name', 'a text', name);
  expect(logLevels.includes(logLevel), 'logLevel', `one of ${logLevels.join(', ')}`, logLevel);
  expectSignal(signal);
  expect(launcher === undefined || typeof launcher === 'function', 'launcher', 'a function', launcher);
  expect(
    logger === undefined || isLogger(logger),
    'logger',
    'an object with at least one of the methods trace, debug, info, warn and error',
    logger,
  );
  expectFunctions('interceptors', interceptors);
  checkServices(settings);
  // The name may come from a package, as discoverPackages() returns it, and may hold any text.
  return { ...settings, name: printableLine(name, Infinity) };
}

function checkServices({ provide, handlerInterceptors, redactError }: ClientSettings): void {
  expectFunctions('handlerInterceptors', handlerInterceptors);
  expect(
    redactError === undefined || typeof redactError === 'function',
    'redactError',
    'a function',
    redactError,
  );
  const shape = 'an object of factories, { name: (context) => implementation }';
  expect(provide === undefined || isObject(provide), 'provide', shape, provide);
  for (const [name, factory] of Object.entries(provide ?? {}))
    expectFactory(`provide.${name}`, 'the service', factory);
}

function checkProcess({ stdin, processGroup }: ClientSettings): void {
  const readable = stdin === 'inherit' || stdin === 'ignore' || isStream(stdin, 'pipe');
  expect(readable, 'stdin', "'inherit', 'ignore' or a Readable", stdin);
  expect(
    !processGroup || stdin !== 'inherit' || !tty.isatty(0),
    'processGroup',
    "false while stdin is 'inherit' and a terminal: a group of its own cannot read from it. Set stdin to 'ignore'",
  );
}

function checkEnv(env: EnvOptions): void {
  expectKeys('env', env, ['inherit', 'set'], ' (variables go into env.set)');
  const { inherit, set } = env;
  const names = isListOf(inherit, (name) => typeof name === 'string');
  expect(
    inherit === undefined || typeof inherit === 'boolean' || names,
    'env.inherit',
    'true, false or a list of names',
    inherit,
  );
  if (set !== undefined) expectVariables('env.set', set);
}

function checkChecksum(checksum: Checksum): void {
  expectKeys('checksum', checksum, ['file', 'algorithm', 'value']);
  const { file, algorithm, value } = checksum;
  expect(algorithm === 'sha256', 'checksum.algorithm', "'sha256'", algorithm);
  expect(digestBytes(value) !== undefined, 'checksum.value', '64 hexadecimal digits or 32 bytes', value);
  expect(file === undefined || isText(file), 'checksum.file', 'a path', file);
}

function checkCommand(cmd: Command): Extract<Command, { file: string }> & { args: readonly string[] } {
  const shape = '[file, ...args] or { file, args, cwd, env }';
  const isList = Array.isArray(cmd);
  const command = isList ? { file: cmd[0] as string, args: cmd.slice(1) as string[] } : cmd;
  expect(isObject(command), 'cmd', shape, cmd);
  expectKeys('cmd', command, ['file', 'args', 'cwd', 'env']);
  const { file, args = [], cwd, env } = command as Extract<Command, { file: string }>;
  expect(isText(file), isList ? 'cmd[0]' : 'cmd.file', 'the program to run', file);
  const texts = isListOf(args, (arg) => arg === '' || isText(arg));
  expect(texts, 'cmd.args', 'a list of texts without NUL', args);
  expect(cwd === undefined || isText(cwd), 'cmd.cwd', 'a directory', cwd);
  if (env !== undefined) expectVariables('cmd.env', env);
  return { ...(command as Extract<Command, { file: string }>), args };
}

/**
 * Returns the base name of the script if the program is an interpreter, and otherwise the base name of the
 * program.
 */
function nameOf(file: string, args: readonly string[]): string {
  const program = basename(file).replace(/\.exe$/i, '');
  if (!/^(node|bun|deno|python[\d.]*|ruby|perl|tsx|sh|bash)$/.test(program)) return program;
  const script = args.find((arg) => !arg.startsWith('-') && /[./\\]/.test(arg));
  return script === undefined ? program : basename(script);
}

function versions(given: readonly number[] | undefined): readonly number[] {
  const list = given ?? [1];
  const isVersion = (version: unknown): boolean => Number.isSafeInteger(version) && (version as number) > 0;
  const valid = isListOf(list, isVersion) && list.length > 0;
  expect(valid, 'protocolVersions', 'a list of whole numbers above 0', given);
  return sortVersions(list);
}

function flag(name: string, value: boolean | undefined): boolean {
  expect(value === undefined || typeof value === 'boolean', name, 'true or false', value);
  return value ?? false;
}

function milliseconds(name: string, value: number | undefined, fallback: number): number {
  const fits = typeof value === 'number' && value > 0 && (value <= maxTimerMs || value === Infinity);
  const expected = `milliseconds above 0 and at most ${maxTimerMs}, or Infinity`;
  expect(value === undefined || fits, name, expected, value);
  return value ?? fallback;
}

function sink(name: string, value: Writable | undefined): Writable | undefined {
  expect(value === undefined || isStream(value, 'write'), name, 'a Writable', value);
  return value;
}

function syncedTarget(
  name: string,
  value: Writable | 'log' | 'ignore' | undefined,
  logger: Logger | undefined,
): Writable | 'log' | 'ignore' {
  const fits = value === undefined || value === 'log' || value === 'ignore' || isStream(value, 'write');
  expect(fits, name, "a Writable, 'log' or 'ignore'", value);
  const isHeard = value !== 'log' || logger !== undefined;
  expect(isHeard, name, "a Writable or 'ignore' if there is no logger, because 'log' needs one", value);
  return value ?? (logger === undefined ? 'ignore' : 'log');
}

function limitsOf(limits: Partial<Limits> | undefined): Partial<Limits> | undefined {
  expect(limits === undefined || isObject(limits), 'limits', 'an object of limits', limits);
  return limits;
}
