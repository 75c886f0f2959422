/** Starts a real plugin process, which ends with the running test. */
import { pipeline, Writable } from 'node:stream';
import { Client, spawnLauncher, type ClientConfig, type Launcher } from '@pipework/core';
import { Capture, joinSections, section } from './capture.ts';
import type { Fault } from './faults/fault.ts';
import './leaks/open-things.ts'; // This module registers every client that is made after its import.
import { BytePipe } from './memory/byte-pipe.ts';
import { ownedBy, ownedByRunningTest, type TestContext } from './test-owner.ts';
import type { Direction } from './transcript/stream-reader.ts';
import { Transcript, type TranscriptOptions } from './transcript/transcript.ts';

/** Options of {@link launch}. These are the options of core's Client, and some more for the test. */
export interface LaunchOptions<S = Record<never, never>, P = unknown> extends ClientConfig<S, P> {
  /**
   * The context of the running test. The process ends with that test, and a failing test shows the plugin's
   * output and the transcript. Under `node --test`, the process ends with the running test even without this
   * option.
   */
  readonly test?: TestContext;
  /** If false, the wire is not recorded, and `transcript()` is empty. This saves the time for recording. */
  readonly transcript?: boolean;
  /** Faults to put between the real process and the host. */
  readonly faults?: { readonly toPlugin?: readonly Fault[]; readonly toHost?: readonly Fault[] };
}

/** A Client of core that also records the output of the plugin's process and the traffic on the pipes. */
export interface LaunchedClient<P = Record<string, object>, S = Record<never, never>> extends Client<P, S> {
  /** The plugin's standard output so far, both raw and synced. */
  readonly stdout: string;
  /** The plugin's standard error so far, both raw and synced. */
  readonly stderr: string;
  /**
   * Returns the transcript of the pipes so far: a line for each frame, with the messages in the frame.
   * Returns an empty text if the wire is not recorded.
   */
  transcript(options?: TranscriptOptions): string;
  /**
   * Returns the text that a failing test shows. The text has the last 64 Ki characters of each output, and
   * the newest lines of the transcript, without the lines that only return credit. Each part has a heading.
   * The text is empty if nothing was recorded.
   */
  report(): string;
}

class RecordedClient<P, S> extends Client<P, S> implements LaunchedClient<P, S> {
  readonly #record: Transcript;
  readonly #stdout: Capture;
  readonly #stderr: Capture;

  constructor(config: ClientConfig<S, P>, record: Transcript, stdout: Capture, stderr: Capture) {
    super(config);
    this.#record = record;
    this.#stdout = stdout;
    this.#stderr = stderr;
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

  report(): string {
    return joinSections(
      section('stdout of the plugin', this.stdout),
      section('stderr of the plugin', this.stderr),
      section('transcript', this.#record.report()),
    );
  }
}

/**
 * Makes a real Client from `options`, and does not start it. `client.client()` starts it. With `test`, the
 * plugin's process ends when that test is over, whatever happened. Without `test`, the caller must end the
 * plugin's process, for example with `await using`. At the latest, the plugin's process ends when this
 * process exits. The sinks in `options` receive the same bytes as without the kit.
 *
 * @example
 * ```ts
 * import { launch } from '@pipework/testkit';
 *
 * await using client = launch<{ greeter: { greet(name: string): Promise<string> } }>({
 *   cmd: [process.execPath, 'plugin.js'],
 * });
 * const rpc = await client.client();
 * const greeter = await rpc.dispense('greeter');
 * console.log(await greeter.greet('world'), client.transcript());
 * ```
 */
export function launch<P = Record<string, object>, S = Record<never, never>>(
  options: LaunchOptions<S, P>,
): LaunchedClient<P, S> {
  const { test, faults = {}, transcript = true, ...config } = options;
  const record = transcript ? new Transcript() : new Transcript(0);
  const [stdout, stderr] = [new Capture(), new Capture()];
  const unheard = new Map([
    [stdoutStream, isLogged('syncStdout', config) ? stdout.sink() : undefined],
    [stderrStream, isLogged('syncStderr', config) ? stderr.sink() : undefined],
  ]);
  if ([...unheard.values()].some((sink) => sink !== undefined))
    record.onData = (stream, payload) => unheard.get(stream)?.write(payload);
  const client = new RecordedClient<P, S>(
    {
      managed: true,
      ...config,
      stdout: both(stdout.sink(), config.stdout),
      stderr: both(stderr.sink(), config.stderr),
      ...synced('syncStdout', config, stdout),
      ...synced('syncStderr', config, stderr),
      launcher: tapped(config.launcher ?? spawnLauncher, record, faults),
    },
    record,
    stdout,
    stderr,
  );
  const end = (): Promise<unknown> => {
    record.stop();
    return client.kill();
  };
  if (test === undefined) ownedByRunningTest(end);
  else ownedBy(test, end, () => client.report());
  return client;
}

/** The ids of the second and third stream of a session, which carry the synced output. */
const [stdoutStream, stderrStream] = [3, 5];

type SyncedConfig = Pick<ClientConfig, 'syncStdout' | 'syncStderr' | 'logger'>;

/**
 * True if core sends a synced output to the logger. In that case the kit can read that output only from the
 * frames.
 */
function isLogged(name: 'syncStdout' | 'syncStderr', config: SyncedConfig): boolean {
  return config[name] === 'log' || (config[name] === undefined && config.logger !== undefined);
}

function synced(
  name: 'syncStdout' | 'syncStderr',
  config: SyncedConfig,
  capture: Capture,
): Pick<ClientConfig, 'syncStdout' | 'syncStderr'> {
  if (isLogged(name, config)) return { [name]: 'log' };
  const own = config[name];
  return { [name]: both(capture.sink(), typeof own === 'object' ? own : undefined) };
}

const heard = new WeakSet<Writable>();

/** Returns a sink that captures its input and passes it to the user's sink, at the pace of that sink. */
function both(capture: Writable, own: Writable | undefined): Writable {
  if (own === undefined) return capture;
  // Core listens for errors only on the sink that this function returns. Without this listener, an error of
  // the user's own sink would be uncaught.
  if (!heard.has(own)) own.on('error', () => undefined);
  heard.add(own);
  return new Writable({
    write(chunk: Buffer, _encoding, callback) {
      capture.write(chunk);
      own.write(chunk, callback);
    },
  });
}

/** Returns a launcher like `launcher`, except that its pipes apply `faults` and `record` gets their bytes. */
function tapped(
  launcher: Launcher,
  record: Transcript,
  faults: NonNullable<LaunchOptions['faults']>,
): Launcher {
  const pipe = (direction: Direction): BytePipe =>
    new BytePipe({
      faults: faults[direction] ?? [],
      onBytes: (bytes) => {
        record.saw(direction, bytes);
      },
      onEvent: (text) => {
        record.note(direction, text);
      },
    });
  return async (command) => {
    const process = await launcher(command);
    const [toPlugin, toHost] = [pipe('toPlugin'), pipe('toHost')];
    // The callbacks can ignore the result, because the other side receives an EPIPE or the end of file.
    pipeline(process.readable, toHost.writable, () => undefined);
    pipeline(toPlugin.readable, process.writable, () => undefined);
    return {
      pid: process.pid,
      readable: toHost.readable,
      writable: toPlugin.writable,
      stdout: process.stdout,
      stderr: process.stderr,
      exited: process.exited,
      kill: (signal) => process.kill(signal),
      ref: () => process.ref?.(),
      unref: () => process.unref?.(),
    };
  };
}
