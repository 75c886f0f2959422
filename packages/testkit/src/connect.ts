/**
 * Connects host and plugin in one process. The Client and `serve` are the real ones, and the pipes are in
 * memory.
 */
import { inspect } from 'node:util';
import {
  Client,
  PipeworkError,
  type CanServe,
  type ClientConfig,
  type PluginContext,
  type PluginExit,
  type RPCClientOf,
  type ServeOptions,
} from '@pipework/core';
import { Capture, joinSections, section } from './capture.ts';
import { chunks, delay, narrowWindows } from './faults/plans.ts';
import type { Fault } from './faults/fault.ts';
import type { FakeControls } from './fake-plugin.ts';
import { freshSeed } from './faults/random.ts';
import { inMemory, openedPair } from './leaks/open-things.ts';
import type { BytePipe, Delivery } from './memory/byte-pipe.ts';
import {
  crashable,
  MemoryProcess,
  serving,
  type Crashable,
  type CrashReport,
} from './memory/memory-process.ts';
import { ownedBy, ownedByRunningTest, type TestContext } from './test-owner.ts';
import type { Direction } from './transcript/stream-reader.ts';
import { Transcript, type TranscriptOptions } from './transcript/transcript.ts';

/** Factories by name, as `serve` takes them. What `serve` refuses does not compile here either. */
export type Plugins<P, S = Record<never, never>> = {
  readonly [K in keyof P]: ((context: PluginContext<S>) => P[K] | Promise<P[K]>) &
    CanServe<WithoutControls<P[K]>>;
};

/** A plugin without the members that only a fake has. The other side cannot call these members. */
export type WithoutControls<T> =
  T extends Pick<FakeControls<object>, 'calls' | 'reset'> ? Omit<T, keyof FakeControls<object>> : T;

/** Options of {@link connect}. These options change how the bytes arrive, and configure the two sides. */
export interface ConnectOptions<P = Record<string, object>, S = Record<never, never>> {
  /**
   * The seed of all random choices in this connection. The same seed gives the same random choices. The
   * default is a new seed, which the transcript shows.
   */
  readonly seed?: number;
  /** Bytes arrive in chunks of random sizes, from 1 to this many bytes. `'random'` means up to 64. */
  readonly chunking?: 'random' | number;
  /** Each chunk waits this many milliseconds, or a random number of milliseconds in this range. */
  readonly delayMs?: number | { readonly min: number; readonly max: number };
  /**
   * The old name of `delayMs`.
   *
   * @deprecated The name of `delayMs` before 0.2.
   */
  readonly delay?: number | { readonly min: number; readonly max: number };
  /** How many bytes the window of a stream has after the first 256 KiB of the stream are used up. */
  readonly window?: number;
  /**
   * How many bytes each of the two pipes holds before its writer must wait. The default is 64 KiB, as on
   * Linux.
   */
  readonly pipeBytes?: number;
  /** More faults, in the order in which bytes pass through them. */
  readonly faults?: { readonly toPlugin?: readonly Fault[]; readonly toHost?: readonly Fault[] };
  /**
   * More options of the Client. `provide` has the factories of the services that the plugin can ask for. A
   * factory may return a `fakePlugin()`.
   */
  readonly client?: Omit<ClientConfig<S, P>, 'cmd' | 'launcher' | 'syncStdout' | 'syncStderr' | 'stderr'>;
  /** More options of `serve`. If a plugin has a plugin set for each version, test one set at a time. */
  readonly serve?: Omit<ServeOptions<P, S>, 'plugins' | 'transport' | 'protocolVersions'> & {
    readonly protocolVersions?: readonly number[];
  };
  /**
   * If false, the wire is not recorded, and `pair.transcript()` is empty. This saves the time for recording.
   */
  readonly transcript?: boolean;
  /**
   * The context of the running test. The pair ends with that test, and a failing test shows the plugin's
   * output and the transcript. Under `node --test`, the pair ends with the running test even without this
   * option.
   */
  readonly test?: TestContext;
}

const optionNames: ReadonlySet<string> = new Set<keyof ConnectOptions<unknown>>([
  'seed',
  'chunking',
  'delayMs',
  'delay',
  'window',
  'pipeBytes',
  'faults',
  'client',
  'serve',
  'transcript',
  'test',
]);

/**
 * A connected host and plugin. Dispose of the pair with `await using`, or give `connect` the test that the
 * pair belongs to.
 */
export interface Pair<P = Record<string, object>, S = Record<never, never>> extends AsyncDisposable {
  /** The client on the host's side. */
  readonly client: Client<P, S>;
  /** The host's connection, which dispenses implementations. */
  readonly rpc: RPCClientOf<P>;
  /** The seed of this pair. Give the seed to `connect` to repeat the random choices. */
  readonly seed: number;
  /** The plugin's standard output so far. */
  readonly stdout: string;
  /** The plugin's standard error so far, including its log and its final output. */
  readonly stderr: string;
  /**
   * Returns the transcript of the pipes so far: a line for each frame, with the messages in the frame.
   * Returns an empty text if the wire is not recorded.
   */
  transcript(options?: TranscriptOptions): string;
  /**
   * Breaks the pipes now, in one direction or in both. Bytes on the way are lost. With `eof` a pipe looks
   * closed, and with `error` it looks broken.
   */
  sever(how?: 'eof' | 'error', direction?: Direction): void;
  /** Holds back all bytes in one direction, or in both, until the returned function is called. */
  stall(direction?: Direction): () => void;
  /**
   * Ends the plugin's process like a crash, with an exit code or a signal, and with a final output on
   * standard error.
   */
  crash(report?: CrashReport): void;
  /** Ends the pair, like `client.kill()`. */
  close(): Promise<PluginExit>;
}

class ConnectedPair<P, S> implements Pair<P, S> {
  readonly client: Client<P, S>;
  readonly rpc: RPCClientOf<P>;
  readonly seed: number;
  readonly #process: MemoryProcess;
  readonly #record: Transcript;
  readonly #stdout: Capture;
  readonly #stderr: Capture;

  constructor(parts: Wired<P, S>, rpc: RPCClientOf<P>) {
    this.client = parts.client;
    this.rpc = rpc;
    this.seed = parts.seed;
    this.#process = parts.process;
    this.#record = parts.transcript;
    this.#stdout = parts.stdout;
    this.#stderr = parts.stderr;
  }

  get stdout(): string {
    return this.#stdout.text;
  }

  get stderr(): string {
    return this.#stderr.text;
  }

  transcript(options?: TranscriptOptions): string {
    return this.#record.toString(options);
  }

  sever(how: 'eof' | 'error' = 'eof', direction?: Direction): void {
    for (const pipe of this.#pipes(direction)) pipe.sever(how);
  }

  stall(direction?: Direction): () => void {
    const resumes = this.#pipes(direction).map((pipe) => pipe.stall());
    return () => {
      for (const resume of resumes) resume();
    };
  }

  crash(report?: CrashReport): void {
    this.#process.crash(report);
  }

  close(): Promise<PluginExit> {
    return this.client.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #pipes(direction: Direction | undefined): BytePipe[] {
    const { toPlugin, toHost } = this.#process;
    if (direction === undefined) return [toPlugin, toHost];
    return [direction === 'toPlugin' ? toPlugin : toHost];
  }
}

/**
 * Connects a host to `plugins` inside this process. Client, handshake, mux, codec, RPC and `serve` are the
 * real ones. Only the pipes between them are in memory. Resolves when the plugin is ready for
 * `pair.rpc.dispense(name)`. Rejects with the same errors as `client.start()`.
 *
 * @example
 * ```ts
 * import { connect } from '@pipework/testkit';
 *
 * await using pair = await connect({ greeter: () => ({ greet: (name: string) => `Hello, ${name}!` }) });
 * const greeter = await pair.rpc.dispense('greeter');
 * console.log(await greeter.greet('world'));
 * ```
 */
export function connect<P, S = Record<never, never>>(
  plugins: Plugins<P, S>,
  options: ConnectOptions<P, S> = {},
): Promise<Pair<P, S>> {
  return connectBy(plugins, options, undefined);
}

/** @internal Like {@link connect}, but the caller decides when bytes move. */
export async function connectBy<P, S>(
  plugins: Plugins<P, S>,
  options: ConnectOptions<P, S>,
  delivery: Delivery | undefined,
): Promise<Pair<P, S>> {
  const wired = wire(plugins, options, delivery);
  const { client, transcript, stdout, stderr, seed } = wired;
  const report = (): string =>
    joinSections(
      section('stdout of the plugin', stdout.text),
      section('stderr of the plugin', stderr.text),
      section(`transcript of the pair (seed ${String(seed)})`, transcript.report()),
    );
  const end = (): Promise<unknown> => {
    transcript.stop();
    return client.kill();
  };
  if (options.test === undefined) ownedByRunningTest(end);
  else ownedBy(options.test, end, report);
  try {
    const pair = new ConnectedPair(wired, await client.client());
    openedPair(client, pair.rpc);
    return pair;
  } catch (error) {
    await client.kill();
    throw error;
  }
}

interface Wired<P, S> {
  readonly client: Client<P, S>;
  readonly process: MemoryProcess;
  readonly transcript: Transcript;
  readonly stdout: Capture;
  readonly stderr: Capture;
  readonly seed: number;
}

function wire<P, S>(
  plugins: Plugins<P, S>,
  options: ConnectOptions<P, S>,
  delivery: Delivery | undefined,
): Wired<P, S> {
  checkArguments(plugins, options);
  const { seed = freshSeed() } = options;
  const transcript = options.transcript === false ? new Transcript(0) : new Transcript();
  const [stdout, stderr] = [new Capture(), new Capture()];
  const pipe = (direction: Direction) => ({
    faults: [
      ...plannedFaults(options, direction === 'toPlugin' ? seed : seed + 1),
      ...(options.faults?.[direction] ?? []),
    ],
    ...(options.pipeBytes === undefined ? {} : { capacity: options.pipeBytes }),
    ...(delivery === undefined ? {} : { delivery }),
    onBytes: (bytes: Uint8Array) => {
      transcript.saw(direction, bytes);
    },
    onEvent: (text: string) => {
      transcript.note(direction, text);
    },
  });
  // If `P` is `Versioned`, `ServeOptions` demands a plugin set for each version. A pair serves only one of
  // these sets, so the cast is needed.
  const served = { ...options.serve, plugins: watched(plugins, () => process) } as ServeOptions<P, S>;
  const process: MemoryProcess = new MemoryProcess(serving(served), {
    toPlugin: pipe('toPlugin'),
    toHost: pipe('toHost'),
  });
  const client = new Client<P, S>({
    name: inMemory,
    ...options.client,
    cmd: [inMemory],
    env: options.client?.env ?? { inherit: false },
    stdin: 'ignore',
    launcher: (command) => process.launch(command),
    syncStdout: stdout.sink(),
    syncStderr: stderr.sink(),
    stderr: stderr.sink(),
  });
  return { client, process, transcript, stdout, stderr, seed };
}

/**
 * Throws for arguments that TypeScript would refuse. Without this check, the plugin in memory would die, and
 * the reason would be harder to understand.
 */
function checkArguments(plugins: unknown, options: object): void {
  const isSet = typeof plugins === 'object' && plugins !== null;
  const wrong = isSet ? Object.entries(plugins).find(([, factory]) => typeof factory !== 'function') : [];
  if (wrong !== undefined) {
    const [name, came = plugins] = wrong;
    const what = name === undefined ? 'connect(plugins)' : `connect({ ${name} })`;
    throw new TypeError(
      `${what}: expected ${name === undefined ? 'an object of factories' : 'a factory'}, { name: (context) => implementation }; got ${inspect(came, { depth: 0 })}`,
    );
  }
  for (const [name, factory] of Object.entries(plugins as Record<string, () => unknown>))
    if (/^class\b/.test(Function.prototype.toString.call(factory)))
      throw new TypeError(
        `connect({ ${name} }): expected a function that makes the implementation, such as () => new ${factory.name || 'Class'}(); got ${inspect(factory, { depth: 0 })}`,
      );
  const unknown = Object.keys(options).find((name) => !optionNames.has(name));
  if (unknown !== undefined)
    throw new TypeError(
      `connect(plugins, { ${unknown} }): no such option; there are ${[...optionNames].join(', ')}`,
    );
  const { delayMs, delay: oldDelay } = options as { delayMs?: unknown; delay?: unknown };
  if (delayMs !== undefined && oldDelay !== undefined)
    throw new PipeworkError(
      'CONFIG_INVALID',
      'options must be made of delayMs or delay (the old name of delayMs), but not both',
    );
  const { chunking, serve } = options as { chunking?: unknown; serve?: { protocolVersions?: unknown } };
  const versions = serve?.protocolVersions;
  if (versions !== undefined && !Array.isArray(versions))
    throw new TypeError(
      `connect(plugins, { serve: { protocolVersions } }): expected a list of versions; got ${inspect(versions, { depth: 0 })}. Connect the set of one version: connect(sets[2], { serve: { protocolVersions: [2] }, client: { protocolVersions: [2] } })`,
    );
  if (typeof chunking === 'string' && chunking !== 'random')
    throw new TypeError(
      `connect(plugins, { chunking }): expected 'random' or the most bytes of a chunk; got '${chunking}'`,
    );
}

function plannedFaults<P, S>(options: ConnectOptions<P, S>, seed: number): Fault[] {
  const { chunking, window, delayMs = options.delay } = options;
  return [
    ...(window === undefined ? [] : [narrowWindows({ bytes: window })]),
    ...(chunking === undefined ? [] : [chunks({ seed, max: chunking === 'random' ? 64 : chunking })]),
    ...(delayMs === undefined ? [] : [delay(typeof delayMs === 'number' ? delayMs : { ...delayMs, seed })]),
  ];
}

/**
 * @internal Returns factories that tell each implementation which process serves it. A fake must know its
 * process, because `crash()` ends that process.
 */
export function watched<P, S>(plugins: Plugins<P, S>, process: () => Crashable): Plugins<P, S> {
  const entries = Object.entries<Plugins<P, S>[keyof P]>(plugins).map(([name, factory]) => [
    name,
    async (context: PluginContext<S>) => {
      const implementation = await factory(context);
      if (typeof implementation === 'object' && implementation !== null) {
        crashable.get(implementation)?.(process());
      }
      return implementation;
    },
  ]);
  return Object.fromEntries(entries) as Plugins<P, S>;
}
