/** The options of `serve()`, and the check of these options. */

import type { Readable, Writable } from 'node:stream';
import type { StreamBroker } from '../session/broker.ts';
import { expect, expectFactory, expectFunctions, expectKeys, isObject, isStream } from '../base/expect.ts';
import { checkHandshake, type Handshake, type Terminals } from '../handshake/env.ts';
import { checkLimits, type Limits } from '../base/limits.ts';
import type { CallInterceptor, HandlerInterceptor } from '../rpc/api/interceptors.ts';
import type { VersionsOf } from '../handshake/versioned.ts';
import type { CanServe } from '../rpc/remote/refusal-types.ts';
import type { ServiceHost } from './host-services.ts';
import type { PluginLogger } from './logger.ts';

/** The argument of a plugin's factory. Each dispense makes a new context. */
export interface PluginContext<S = Record<never, never>> {
  /**
   * The services that the host offers. Use `await context.host.dispense('files')` in the factory, or at any
   * later time.
   */
  readonly host: ServiceHost<S>;
  /** Raw byte streams beside the calls. */
  readonly broker: StreamBroker;
  /**
   * Aborts when the host releases this implementation, when the host is gone, or when the plugin is leaving.
   */
  readonly signal: AbortSignal;
  /** The synced standard output. This is `process.stdout`, unless the plugin is served over a `transport`. */
  readonly stdout: Writable;
  /** Like `stdout`, for standard error. */
  readonly stderr: Writable;
  /** A logger whose level the host sets. */
  readonly log: PluginLogger;
  /** The host's sinks that are terminals, with the size that each terminal had at the plugin's start. */
  readonly terminals: Terminals;
  /** The protocol version that host and plugin agreed on. */
  readonly protocolVersion: number;
}

/**
 * Factories by name. Each dispense calls the factory of the dispensed name once. If an interface cannot be
 * served as it is declared, its factory does not compile, and the compiler shows the reason.
 */
export type PluginSet<P, S = Record<never, never>> = {
  readonly [K in keyof P]: ((context: PluginContext<S>) => P[K] | Promise<P[K]>) & CanServe<P[K]>;
};

/**
 * The type of `protocolVersions` in {@link ServeOptions}. If `P` is `Versioned`, this type maps each version
 * to the plugin set of that version.
 */
export type VersionSets<P, S = Record<never, never>> = [VersionsOf<P>] extends [never]
  ? readonly number[] | Readonly<Record<number, PluginSet<P, S>>>
  : { readonly [N in keyof VersionsOf<P>]: PluginSet<VersionsOf<P>[N], S> };

/** Byte streams that replace the process's descriptors. With them, `serve()` changes no global state. */
export interface ServeTransport {
  /** Protocol bytes from the host. */
  readonly readable: Readable;
  /** Protocol bytes to the host. */
  readonly writable: Writable;
  /** The environment that the launcher passed. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Receives the lines of `context.log`. If this option is absent, the lines are dropped. */
  readonly stderr?: Writable;
}

/** The options of `serve()`: the factories of the plugin, and how it is served. */
export interface ServeOptions<P = Record<string, object>, S = Record<never, never>> {
  /** The factories. May be omitted if `protocolVersions` has a set for each version. */
  readonly plugins?: PluginSet<P, S>;
  /** The plugin's name in its description. Default: the name of the package that the program belongs to. */
  readonly name?: string;
  /** The plugin's version in its description. Default: the version of the package. */
  readonly version?: string;
  /** The cookie that both sides agree on. Default: `MagicCookieKey` and `MagicCookieValue`. */
  readonly handshake?: Partial<Handshake>;
  /** The protocol versions that `plugins` supports (default `[1]`), or a plugin set for each version. */
  readonly protocolVersions?: VersionSets<P, S>;
  /**
   * Runs once, when the host asks the plugin to leave, or when the host is gone. `signal` aborts when the
   * hook's time is over.
   */
  readonly onShutdown?: (signal: AbortSignal) => void | Promise<void>;
  /**
   * The time that running calls and `onShutdown` get together, in milliseconds. Both the default and the
   * maximum are three quarters of the host's own `gracePeriod`.
   */
  readonly gracePeriod?: number;
  /** Limits of the session. If a limit is left out, it has its value from `defaultLimits`. */
  readonly limits?: Partial<Limits>;
  /** Functions that run around each call from the host, the first one outermost. */
  readonly interceptors?: readonly HandlerInterceptor[];
  /**
   * Decides when `callContext()` works. With `'start'` (default), the function works until a handler's first
   * `await`, at no cost. With `'everywhere'`, the function also works after an `await`. `'everywhere'` needs
   * an AsyncLocalStorage, which makes each call in this process a little slower.
   */
  readonly callContext?: 'start' | 'everywhere';
  /** Functions that run around each call to a service of the host, the first one outermost. */
  readonly callInterceptors?: readonly CallInterceptor[];
  /**
   * Receives each error before it is sent to the host: each thrown error, and each error inside a value. The
   * error that this function returns is sent instead.
   */
  readonly redactError?: (error: unknown, method: string) => unknown;
  /** Byte streams to use in place of the process's own descriptors. */
  readonly transport?: ServeTransport;
}

/** The options of `serve()` after the check, with their defaults. */
export interface ServeSettings {
  /** A plugin set for each version. */
  readonly sets: ReadonlyMap<number, Readonly<Record<string, (context: PluginContext) => unknown>>>;
  readonly name: string | undefined;
  readonly version: string | undefined;
  readonly handshake: Handshake;
  readonly onShutdown: ((signal: AbortSignal) => void | Promise<void>) | undefined;
  readonly gracePeriod: number;
  readonly limits: Limits;
  readonly interceptors: readonly HandlerInterceptor[];
  readonly callInterceptors: readonly CallInterceptor[];
  readonly callContext: 'start' | 'everywhere';
  readonly redactError: ((error: unknown, method: string) => unknown) | undefined;
  readonly transport: ServeTransport | undefined;
}

const keys: readonly string[] = [
  'plugins',
  'name',
  'version',
  'handshake',
  'protocolVersions',
  'onShutdown',
  'gracePeriod',
  'limits',
  'interceptors',
  'callInterceptors',
  'callContext',
  'redactError',
  'transport',
];

/** Checks every option. Throws `CONFIG_INVALID` with the name of the first invalid option. */
export function checkServeOptions<P, S>(options: ServeOptions<P, S>): ServeSettings {
  expectKeys('options', options, keys);
  const { onShutdown, gracePeriod = Infinity, transport, redactError } = options;
  const { interceptors = [], callInterceptors = [] } = options;
  expect(isOptionalFunction(onShutdown), 'onShutdown', 'a function', onShutdown);
  expect(isOptionalFunction(redactError), 'redactError', 'a function', redactError);
  expect(
    typeof gracePeriod === 'number' && gracePeriod > 0,
    'gracePeriod',
    'milliseconds above 0',
    gracePeriod,
  );
  expectFunctions('interceptors', interceptors);
  expectFunctions('callInterceptors', callInterceptors);
  const { callContext = 'start' } = options;
  const isKnown = callContext === 'start' || callContext === 'everywhere';
  expect(isKnown, 'callContext', "'start' or 'everywhere'", callContext);
  const { limits } = options;
  expect(limits === undefined || isObject(limits), 'limits', 'an object of limits', limits);
  if (transport !== undefined) checkTransport(transport);
  return {
    sets: checkSets(options),
    name: checkText('name', options.name),
    version: checkText('version', options.version),
    handshake: checkHandshake(options.handshake),
    onShutdown,
    gracePeriod,
    limits: checkLimits(limits),
    interceptors,
    callInterceptors,
    callContext,
    redactError,
    transport,
  };
}

function checkText(name: string, value: string | undefined): string | undefined {
  expect(value === undefined || typeof value === 'string', name, 'a text', value);
  return value;
}

function checkTransport(transport: ServeTransport): void {
  expectKeys('transport', transport, ['readable', 'writable', 'env', 'stderr']);
  const { readable, writable, env, stderr } = transport;
  expect(isStream(readable, 'pipe'), 'transport.readable', 'a Readable', readable);
  expect(isStream(writable, 'write'), 'transport.writable', 'a Writable', writable);
  expect(isObject(env), 'transport.env', 'the environment that the launcher passed', env);
  expect(stderr === undefined || isStream(stderr, 'write'), 'transport.stderr', 'a Writable', stderr);
}

function isOptionalFunction(value: unknown): boolean {
  return value === undefined || typeof value === 'function';
}

type Factories = Readonly<Record<string, (context: PluginContext) => unknown>>;

function checkSets<P, S>(options: ServeOptions<P, S>): ReadonlyMap<number, Factories> {
  const { plugins, protocolVersions = [1] } = options;
  expect(
    isObject(protocolVersions),
    'protocolVersions',
    'a list of versions, or an object with a plugin set for each',
    protocolVersions ?? 'null',
  );
  if (isList(protocolVersions)) {
    const set = checkSet('plugins', plugins);
    expect(
      protocolVersions.length > 0,
      'protocolVersions',
      'a list with at least one version',
      protocolVersions,
    );
    return new Map(Array.from(protocolVersions, (version) => [checkVersion(version), set]));
  }
  expect(
    plugins === undefined,
    'plugins',
    'left out if protocolVersions has a plugin set for each version',
    plugins,
  );
  const sets = Object.entries(protocolVersions);
  expect(sets.length > 0, 'protocolVersions', 'an object with at least one version', protocolVersions);
  return new Map(
    sets.map(([version, set]) => [
      checkVersion(Number(version)),
      checkSet(`protocolVersions[${version}]`, set),
    ]),
  );
}

function checkSet(name: string, set: unknown): Factories {
  expect(
    typeof set === 'object' && set !== null,
    name,
    'an object of factories, { name: (context) => implementation }',
    set,
  );
  for (const [plugin, factory] of Object.entries(set)) {
    expectFactory(`${name}.${plugin}`, 'the implementation', factory);
  }
  return set as Factories;
}

function checkVersion(version: number): number {
  expect(
    Number.isSafeInteger(version) && version > 0,
    'protocolVersions',
    'made of whole numbers above 0',
    version,
  );
  return version;
}

function isList(value: unknown): value is readonly number[] {
  return Array.isArray(value);
}
