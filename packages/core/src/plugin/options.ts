/** The options of `serve()`, and the check of each. */

import type { Readable, Writable } from 'node:stream';
import type { StreamBroker } from '../session/broker.ts';
import { expect, expectFunctions, expectKeys, isObject, isStream } from '../base/expect.ts';
import { checkHandshake, type Handshake, type Terminals } from '../handshake/env.ts';
import { checkLimits, type Limits } from '../base/limits.ts';
import type { CallInterceptor, HandlerInterceptor } from '../rpc/api/interceptors.ts';
import type { VersionsOf } from '../handshake/versioned.ts';
import type { CanServe } from '../rpc/remote/refusal-types.ts';
import type { ServiceHost } from './host-services.ts';
import type { PluginLogger } from './logger.ts';

/** What a plugin's factory receives at each dispense. */
export interface PluginContext<S = Record<never, never>> {
  /** The services that the host offers: `await context.host.dispense('files')`, now or at any later time. */
  readonly host: ServiceHost<S>;
  /** Raw byte streams beside the calls. */
  readonly broker: StreamBroker;
  /**
   * Aborts when the host releases this implementation, when the host is gone, or when the plugin is leaving.
   */
  readonly signal: AbortSignal;
  /** The synced output: `process.stdout` itself, unless the plugin shares its process with the host. */
  readonly stdout: Writable;
  /** Like `stdout`, for standard error. */
  readonly stderr: Writable;
  /** A logger whose level the host sets. */
  readonly log: PluginLogger;
  /**
   * Which of the host's sinks are terminals, and the size that each terminal had when the plugin was started.
   */
  readonly terminals: Terminals;
  /** The protocol version that was agreed on. */
  readonly protocolVersion: number;
}

/**
 * Factories by name. Each factory is called once for each dispense. If an interface cannot be served as it is
 * declared, its factory does not compile, and the compiler says why.
 */
export type PluginSet<P, S = Record<never, never>> = {
  readonly [K in keyof P]: ((context: PluginContext<S>) => P[K] | Promise<P[K]>) & CanServe<P[K]>;
};

/**
 * The type of `protocolVersions` in {@link ServeOptions}. For `Versioned` plugins it maps each of their
 * versions to that version's plugin set.
 */
export type VersionSets<P, S = Record<never, never>> = [VersionsOf<P>] extends [never]
  ? readonly number[] | Readonly<Record<number, PluginSet<P, S>>>
  : { readonly [N in keyof VersionsOf<P>]: PluginSet<VersionsOf<P>[N], S> };

/**
 * Byte streams to serve on in place of the process's descriptors. If they are given, `serve()` changes no
 * global state.
 */
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
  /** The versions that `plugins` can speak (default `[1]`), or a plugin set for each version. */
  readonly protocolVersions?: VersionSets<P, S>;
  /**
   * Runs once when the host asks the plugin to leave, or when the host is gone. `signal` aborts when the
   * hook's time is over.
   */
  readonly onShutdown?: (signal: AbortSignal) => void | Promise<void>;
  /**
   * Milliseconds that running calls and `onShutdown` get together. The default, and the maximum, is three
   * quarters of the time that the host waits.
   */
  readonly gracePeriod?: number;
  /** Bounds of the session. A bound that is left out has its value from `defaultLimits`. */
  readonly limits?: Partial<Limits>;
  /** Functions that run around each call of the host, the first one outermost. */
  readonly interceptors?: readonly HandlerInterceptor[];
  /**
   * Where `callContext()` works. With `'start'` (default) it works until a handler's first `await`, at no
   * cost. With `'everywhere'` it also works after an `await`. This needs an AsyncLocalStorage, which makes
   * each call in this process a little slower.
   */
  readonly callContext?: 'start' | 'everywhere';
  /** Functions that run around each call to a service of the host, the first one outermost. */
  readonly callInterceptors?: readonly CallInterceptor[];
  /**
   * Receives each error before it is sent to the host. The error was thrown, or a value contains it. The
   * error that the function returns is sent instead.
   */
  readonly redactError?: (error: unknown, method: string) => unknown;
  /** Byte streams to use in place of the process's own descriptors. */
  readonly transport?: ServeTransport;
}

/** The same options, checked and with defaults. */
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
    return new Map(protocolVersions.map((version) => [checkVersion(version), set]));
  }
  expect(
    plugins === undefined,
    'plugins',
    'left out where protocolVersions has a plugin set for each version',
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
    expect(
      typeof factory === 'function',
      `${name}.${plugin}`,
      'a function that makes the implementation',
      factory,
    );
    const example = `a function that makes the implementation, such as () => new ${factory.name || 'Class'}()`;
    expect(!isClass(factory), `${name}.${plugin}`, example, factory);
  }
  return set as Factories;
}

/** True for a class, which no code can call without `new`. Pipework calls a factory without `new`. */
function isClass(factory: object): boolean {
  return /^class\b/.test(Function.prototype.toString.call(factory));
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
