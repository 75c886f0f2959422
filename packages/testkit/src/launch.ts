/** A real plugin process that is ended with the running test. */
import { pipeline, Writable } from 'node:stream';
import { Client, spawnLauncher, type ClientConfig, type Launcher } from '@pipework/core';
import { Capture, joinSections, section } from './capture.ts';
import type { Fault } from './faults/fault.ts';
import './leaks/open-things.ts'; // Knows of every client from now on.
import { BytePipe } from './memory/byte-pipe.ts';
import { ownedBy, ownedByRunningTest, type TestContext } from './test-owner.ts';
import type { Direction } from './transcript/stream-reader.ts';
import { Transcript, type TranscriptOptions } from './transcript/transcript.ts';

/** Options of {@link launch}: those of a client of core, and what the test adds. */
export interface LaunchOptions<S = Record<never, never>> extends ClientConfig<S> {
  /**
   * The running test's context: the process ends with the test, and a failing test shows what was recorded. Without it the process
   * ends with the running test of `node --test` nevertheless.
   */
  readonly test?: TestContext;
  /** False records nothing of the wire: `transcript()` is empty, and nothing is spent on it. */
  readonly transcript?: boolean;
  /** Faults between the real process and the host. */
  readonly faults?: { readonly toPlugin?: readonly Fault[]; readonly toHost?: readonly Fault[] };
}

/** A Client as core has it, with a record of what its process wrote and of what went over its pipes. */
export interface LaunchedClient<P = Record<string, object>, S = Record<never, never>> extends Client<P, S> {
  /** What the plugin has written to its standard output so far, raw and synced. */
  readonly stdout: string;
  /** What the plugin has written to its standard error so far, raw and synced. */
  readonly stderr: string;
  /** Returns everything that went over the pipes so far, a line for each frame, with the messages in it; '' if the record is off. */
  transcript(options?: TranscriptOptions): string;
  /**
   * Returns what a failing test shows, under headings: the last 64 Ki characters of both outputs, and the last lines of the transcript that
   * say something. Empty while there is nothing.
   */
  report(): string;
}

class RecordedClient<P, S> extends Client<P, S> implements LaunchedClient<P, S> {
  readonly #record: Transcript;
  readonly #stdout: Capture;
  readonly #stderr: Capture;

  constructor(config: ClientConfig<S>, record: Transcript, stdout: Capture, stderr: Capture) {
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
 * Makes a real Client of `options` and does not start it: `client.client()` does. With `test`, its process is ended when that
 * test is over, whatever happened. Without it the caller ends the process (`await using`), and it ends with this process at
 * the latest. The sinks among `options` get what they would get without the kit.
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
  options: LaunchOptions<S>,
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

/** The ids of the second and third stream of a session, which carry what the plugin prints. */
const [stdoutStream, stderrStream] = [3, 5];

type SyncedConfig = Pick<ClientConfig, 'syncStdout' | 'syncStderr' | 'logger'>;

/** Whether core sends a synced output to the logger. Only the frames tell the kit what it is. */
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

/** A sink that captures and hands on, at the pace of the user's own. */
function both(capture: Writable, own: Writable | undefined): Writable {
  if (own === undefined) return capture;
  // Core listens to the sinks that it is given, and drops one that fails: the user's own sink has no other listener behind this one.
  if (!heard.has(own)) own.on('error', () => undefined);
  heard.add(own);
  return new Writable({
    write(chunk: Buffer, _encoding, callback) {
      capture.write(chunk);
      own.write(chunk, callback);
    },
  });
}

/** The launcher, with its pipes led past the record and through the faults. */
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
    // How they end is told by their ends: an EPIPE or the end of file reaches the other side.
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
