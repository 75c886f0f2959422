/** The lifecycle of one plugin process, from nothing to its exit report. */

import { controlMethods } from '../session/wire-words.ts';
import { PipeworkError } from '../base/errors.ts';
import { onAbort } from '../base/on-abort.ts';
import { parseCapabilities } from '../session/capabilities.ts';
import { checkConfig, type ClientConfig, type ClientSettings } from './start/config.ts';
import { openHostEnd, type HostEnd } from './host-end.ts';
import { describeLoss, isBreach, PluginExitError, type PluginExit } from './end/exit.ts';
import { preloadExeca, type LaunchedProcess } from './launch/spawn.ts';
import { bindLogger, type Log } from './output/logger.ts';
import type { RecordLevel } from './output/log-record.ts';
import { cleanupCount, manage, unmanage, type Managed } from './end/managed.ts';
import type { OutputOptions } from './output/raw-output.ts';
import { processChannel, type ProcessTrace } from './process-trace.ts';
import { unwatch, watch } from './end/reaper.ts';
import { RPCClient } from './rpc-client.ts';
import { PluginRun } from './end/plugin-process.ts';
import { openSink, type SinkWriter } from './output/sinks.ts';
import { Start, StartFailure, type Started } from './start/start.ts';
import { StartError } from './start/start-error.ts';
import { OutputLog } from './output/output-log.ts';
import { defer, settlesWithin } from '../base/timers.ts';
import type { Writable } from 'node:stream';

/** Where a started plugin can be reached, and which version was agreed on. */
export interface PluginAddress {
  readonly network: 'pipe';
  /** The plugin's descriptors, `3,4`. */
  readonly address: string;
  /** Undefined where a launcher made no process of this system. */
  readonly pid: number | undefined;
  readonly protocolVersion: number;
}

/** A lost session is given so long, in milliseconds, to turn out to be the process's exit. */
const exitExplainsMs = 500;

/**
 * The lifecycle of one plugin process. A client starts its plugin at most once, also after `kill()` or a failed start:
 * for another process, make another client.
 */
export class Client<P = Record<string, object>> {
  readonly #settings: ClientSettings;
  readonly #log: Log | undefined;
  readonly #exit = defer<PluginExit>();
  readonly #stop = new AbortController();
  readonly #managed: Managed;
  #starting: Promise<PluginAddress> | undefined;
  #killing: Promise<PluginExit> | undefined;
  #run: PluginRun | undefined;
  #end: HostEnd | undefined;
  #rpc: RPCClient<P> | undefined;
  #address: PluginAddress | undefined;
  #exited = false;
  #referenced = true;
  #busy = false;
  #ready = false;
  /** Streams that somebody waits for or uses. */
  #streams = 0;
  readonly #cleanupsBefore = cleanupCount();

  /** Starts nothing. Throws `CONFIG_INVALID` where an option is not what it must be, naming it. */
  constructor(config: ClientConfig) {
    this.#settings = checkConfig(config);
    this.#log = bindLogger(this.#settings.logger, { plugin: this.#settings.name });
    this.#managed = { kill: () => this.kill(), signalNow: (name) => this.#run?.signal(name) };
    void this.#exit.promise.then(() => {
      this.#exited = true;
      unmanage(this.#managed);
    });
    const { signal } = this.#settings;
    if (signal?.aborted === true) this.#abort(signal);
    else if (signal !== undefined) void this.exit.then(onAbort(signal, () => this.#abort(signal)));
    // Loading takes longer than spawning, and may happen before start() is called.
    if (this.#settings.launcher === undefined) preloadExeca();
  }

  /**
   * Starts the plugin and resolves once it has said how to talk to it. Called again it gives the same result, or the same
   * error: a {@link StartError}, made when nothing of the process is left.
   */
  start(): Promise<PluginAddress> {
    if (this.#starting === undefined && this.#settings.managed && cleanupCount() > this.#cleanupsBefore) {
      this.#neverStart(
        new StartFailure('PLUGIN_KILLED', 'cleanupClients() was called before the client was started'),
      );
    }
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** Starts the plugin if need be, and gives its one connection: the same object each time. */
  async client(): Promise<RPCClient<P>> {
    await this.start();
    return this.#rpc as RPCClient<P>;
  }

  /**
   * Ends the plugin: asks it to leave; on its answer, or after `gracePeriod`, closes descriptor 3; then SIGTERM, then
   * SIGKILL, a second each. Resolves once the process is gone and what it printed is drained. It can be called at any
   * time and any number of times; before a start it makes the client one that can't be started. Never rejects.
   */
  kill(): Promise<PluginExit> {
    this.#killing ??= this.#kill();
    return this.#killing;
  }

  /** How the plugin ended, after the same drain as {@link kill}. Never rejects; stays pending where nothing was ever started or killed. */
  get exit(): Promise<PluginExit> {
    return this.#exit.promise;
  }

  /** True once the process is gone, or can't ever be. */
  get exited(): boolean {
    return this.#exited || this.#run?.ended !== undefined;
  }

  /** The process's id, from its spawn on. */
  get pid(): number | undefined {
    return this.#run?.process.pid;
  }

  /** The protocol version that both sides agreed on; undefined before the start has succeeded. */
  get negotiatedVersion(): number | undefined {
    return this.#address?.protocolVersion;
  }

  /** Lets the plugin hold the host's event loop again, as it does from the beginning. */
  ref(): void {
    this.#referenced = true;
    this.#holdLoop();
  }

  /** Lets the host's event loop end while this plugin is idle. One that starts, has calls under way or streams in use holds it still. */
  unref(): void {
    this.#referenced = false;
    this.#holdLoop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  async #start(): Promise<PluginAddress> {
    const { managed, name, file, args } = this.#settings;
    if (managed) manage(this.#managed);
    const trace: ProcessTrace = { plugin: name, command: [file, ...args] };
    processChannel.start.publish(trace);
    void this.exit.then((exit) => processChannel.asyncEnd.publish(Object.assign(trace, { exit })));
    try {
      const started = await new Start(this.#settings, (process) => this.#takeOver(process)).go(
        this.#stop.signal,
      );
      const address = this.#connect(started);
      const { pid, protocolVersion } = address;
      processChannel.asyncStart.publish(Object.assign(trace, { pid, protocolVersion }));
      return address;
    } catch (error) {
      const run = this.#run;
      if (run === undefined) this.#exit.resolve(neverRan);
      // Gone already where the start failed; what failed behind it must not leave a process that nobody can end.
      else await run.end({ closePipe: () => run.process.writable.end(), hurry: true });
      await this.exit;
      processChannel.error.publish(Object.assign(trace, { error }));
      throw error;
    }
  }

  #abort(signal: AbortSignal): void {
    const failure = new StartFailure('PLUGIN_ABORTED', 'the start was aborted by its signal', {
      cause: signal.reason,
    });
    this.#stop.abort(failure);
    if (this.#starting === undefined) this.#neverStart(failure);
    else void this.kill();
  }

  /** There was no start, and there can't be one any more. */
  #neverStart(failure: StartFailure): void {
    const { file, args } = this.#settings;
    const nothing = { elapsedMs: 0, stdoutTail: '', stderrTail: '', notes: [] };
    const facts = { ...nothing, phase: 'spawn', command: [file, ...args] } as const;
    const { code, message, cause } = failure;
    this.#starting = Promise.reject(
      new StartError(code, message, facts, cause === undefined ? {} : { cause }),
    );
    this.#starting.catch(() => {});
    this.#exit.resolve(neverRan);
  }

  async #kill(): Promise<PluginExit> {
    if (this.#starting === undefined) {
      this.#neverStart(new StartFailure('PLUGIN_KILLED', 'the client was killed before it was started'));
    }
    this.#stop.abort(new StartFailure('PLUGIN_KILLED', 'the client was killed while its plugin started'));
    await settlesWithin(this.#starting as Promise<unknown>, Infinity);
    const end = this.#end;
    const run = this.#run;
    if (end === undefined || run === undefined) return this.exit;
    await run.end({
      ask: end.session.hasEnded
        ? undefined
        : () => end.control.call(controlMethods.quit, [true]).then(() => true),
      askMs: this.#settings.gracePeriod,
      closePipe: () => closePipe(end, run),
    });
    return this.exit;
  }

  /** The process is there: from this moment its output is drained and its end is known. */
  #takeOver(process: LaunchedProcess): PluginRun {
    const { stdout, stderr, processGroup } = this.#settings;
    const run = new PluginRun(process, {
      stdout: this.#outputOptions(stdout, 'stdout'),
      stderr: this.#outputOptions(stderr, 'stderr'),
    });
    this.#run = run;
    const { pid } = process;
    run.callsInFlight = () => this.#end?.pendingMethods() ?? [];
    run.onGone = () => {
      if (pid !== undefined) unwatch(pid);
      unmanage(this.#managed);
      // The group ends with its leader: what is left of it are grandchildren.
      if (processGroup) process.kill('SIGKILL');
    };
    void run.exit.then((exit) => {
      void this.#end?.session.close();
      this.#exit.resolve(exit);
      this.#log?.(exit.by === 'plugin' ? 'error' : 'debug', `plugin exited: ${exit.signal ?? exit.code}`, {
        by: exit.by,
      });
      if (run.ended === undefined)
        this.#warn(`process ${pid ?? '(without an id)'} did not end, not even by SIGKILL: it is left behind`);
    });
    this.#holdLoop();
    // Last, so that whatever it throws finds a client that can end the process.
    if (pid !== undefined) watch(pid, processGroup);
    return run;
  }

  #connect({ run, greeting }: Started): PluginAddress {
    const { syncStdout, syncStderr, limits, interceptors, name } = this.#settings;
    const { readable, writable, pid } = run.process;
    const end = openHostEnd({
      readable,
      writable,
      name,
      limits,
      interceptors,
      capabilities: parseCapabilities([...greeting.capabilities].join(',')),
      stdout: this.#openSink(syncStdout),
      stderr: this.#openSink(syncStderr),
      stderrTail: run.stderrTail,
      explainLoss: (cause) => this.#explainLoss(run, cause),
      onBusy: (busy) => {
        this.#busy = busy;
        // A client that holds the loop anyway has nothing to change, twice a call.
        if (!this.#referenced) this.#holdLoop();
      },
    });
    this.#end = end;
    this.#rpc = new RPCClient<P>(end, {
      kill: () => this.kill(),
      hold: (change) => {
        this.#streams += change;
        if (!this.#referenced) this.#holdLoop();
      },
    });
    const lost = (reason: unknown): void => void this.#endAfterLoss(run, end, reason);
    end.session.closed.then(lost, lost);
    void end.control.closed.then(() => {
      if (!end.session.hasEnded) lost(new PipeworkError('RPC_PROTOCOL', 'it ended the control stream'));
    });
    const { address, protocolVersion } = greeting;
    this.#address = { network: 'pipe', address, pid, protocolVersion };
    this.#ready = true;
    if (!this.#referenced) this.#holdLoop();
    this.#log?.('debug', 'plugin started', { pid, protocolVersion });
    return this.#address;
  }

  /** Without a session, or the stream to ask on, a process is of no use to anybody: one that doesn't leave by itself is ended. */
  async #endAfterLoss(run: PluginRun, end: HostEnd, reason: unknown): Promise<void> {
    if (this.#killing !== undefined) return;
    const hasLeft = await settlesWithin(run.gone, exitExplainsMs);
    if (hasLeft && !isBreach(reason)) return;
    this.#log?.('warn', `the plugin ${describeLoss(reason)}${hasLeft ? '' : ' and goes on: it is ended'}`);
    if (hasLeft) return;
    await run.end({ closePipe: () => closePipe(end, run) });
  }

  /** The exit knows more than a broken pipe: it is given a moment to tell. */
  async #explainLoss(run: PluginRun, cause: Error): Promise<Error> {
    const { name } = this.#settings;
    // One stream that was reset, by a limit or a slip on it, is no loss of the plugin.
    if (run.ended === undefined && this.#end?.session.hasEnded === false) return cause;
    if (await settlesWithin(run.gone, exitExplainsMs))
      return new PluginExitError(name, await run.exit, { cause });
    return new PluginExitError(name, undefined, { cause, stderrTail: run.stderrTail.toString() });
  }

  #outputOptions(sink: Writable | undefined, stream: 'stdout' | 'stderr'): OutputOptions {
    const log = this.#log;
    const write = (level: RecordLevel, message: string, fields: Readonly<Record<string, unknown>>): void =>
      log?.(level, message, { ...fields, stream });
    return {
      sink,
      log: log && new OutputLog((record) => write(record.level, record.message, record.fields)),
      warn: (message) => this.#warn(message),
    };
  }

  #openSink(sink: Writable | undefined): SinkWriter | undefined {
    return sink && openSink(sink, (message) => this.#warn(message));
  }

  #warn(message: string): void {
    if (this.#log === undefined) process.emitWarning(`${this.#settings.name}: ${message}`, 'PipeworkWarning');
    else this.#log('warn', message);
  }

  #holdLoop(): void {
    if (this.#exited) return;
    const process = this.#run?.process;
    // A start that nothing else waits for is no idle plugin.
    if (this.#referenced || !this.#ready || this.#busy || this.#streams > 0) process?.ref?.();
    else process?.unref?.();
  }
}

const neverRan: PluginExit = {
  code: null,
  signal: null,
  by: 'none',
  stderrTail: '',
  outOfMemory: false,
  uptimeMs: 0,
  callsInFlight: [],
};

function closePipe(end: HostEnd, run: PluginRun): void {
  if (end.session.hasEnded) run.process.writable.end();
  else end.session.endOutput();
}
