/** The lifecycle of one plugin process, from before its start to its exit report. */

import { AsyncResource } from 'node:async_hooks';
import { unsent } from '../base/errors.ts';
import { expectDuration, expectKeys, expectSignal } from '../base/expect.ts';
import { onAbort } from '../base/on-abort.ts';
import { defer, settlesWithin } from '../base/timers.ts';
import { Activity } from './activity.ts';
import { ClientOutput } from './client-output.ts';
import {
  lifeOf,
  madeReady,
  type ClientState,
  type Life,
  type PluginAddress,
  type Ready,
  type Starting,
} from './client-state.ts';
import { describeLeftBehind, neverRan, type PluginExit } from './end/exit.ts';
import { cleanupCount, manage, unmanage, type Managed } from './end/managed.ts';
import { PluginProcess } from './end/plugin-process.ts';
import { unwatch, watch, watchHolders } from './end/reaper.ts';
import { pipeNameBehind, preloadExeca, type LaunchedProcess } from './launch/spawn.ts';
import { LivePlugin } from './live-plugin.ts';
import { processChannel, type ProcessTrace } from './process-trace.ts';
import { createRPCClient, type RPCClientOf } from './rpc-client.ts';
import { checkConfig, type ClientConfig, type ClientSettings, type ServiceClient } from './start/config.ts';
import { offerOf } from './services.ts';
import { StartError } from './start/start-error.ts';
import { Start, StartFailure, type Started } from './start/start.ts';

/**
 * The client waits at most this many milliseconds for the plugin's last output to be logged. Then it reports
 * the exit.
 */
const logFollowsMs = 200;

/** Options of {@link Client.kill}. */
export interface KillOptions {
  /**
   * Milliseconds that this `kill()` waits after it has asked the plugin to leave, 0 or more. Default: the
   * client's `gracePeriod`.
   */
  readonly gracePeriod?: number;
}

/** Options of {@link Client.drain}. */
export interface DrainOptions {
  /** When this signal aborts, the wait ends. */
  readonly signal?: AbortSignal;
  /** Milliseconds after which the wait ends. Default: no limit. */
  readonly timeoutMs?: number;
}

/**
 * The lifecycle of one plugin process. A client starts its plugin at most once, even after `kill()` or a
 * failed start. To start another process, make another client.
 *
 * @example
 * ```ts
 * import { Client } from '@pipework/core';
 *
 * interface Plugins {
 *   greeter: { greet(name: string): Promise<string> };
 * }
 *
 * await using client = new Client<Plugins>({ cmd: [process.execPath, 'plugin.js'] });
 * const rpc = await client.client();
 * const greeter = await rpc.dispense('greeter');
 * console.log(await greeter.greet('world'));
 * ```
 */
export class Client<P = Record<string, object>, S = Record<never, never>> implements ServiceClient {
  readonly #settings: ClientSettings;
  /**
   * The asynchronous context in which the client was made. The process is started in this context, so its
   * pipes are read in this context too. The services and the logger of the host then run in this context.
   */
  readonly #context = new AsyncResource('PIPEWORK_CLIENT');
  readonly #output: ClientOutput;
  readonly #exit = defer<PluginExit>();
  /** Ends the start that is under way. */
  readonly #stop = new AbortController();
  readonly #managed: Managed;
  readonly #activity = new Activity();
  readonly #cleanupsBefore = cleanupCount();
  #state: ClientState<P> = { is: 'new' };
  /** The promise that `kill()` returns; undefined before the first call. */
  #killing: Promise<PluginExit> | undefined;

  /**
   * Checks the options and starts nothing. If an option is invalid, throws `CONFIG_INVALID` with the option's
   * name.
   */
  constructor(config: ClientConfig<S, P>) {
    this.#settings = checkConfig(config);
    this.#output = new ClientOutput(this.#settings.name, this.#settings.logger);
    this.#managed = { kill: () => this.kill(), signalNow: (name) => this.#life?.process?.signal(name) };
    const { signal } = this.#settings;
    if (signal?.aborted === true) this.#abort(signal);
    else if (signal !== undefined) void this.exit.then(onAbort(signal, () => this.#abort(signal)));
    // Loading execa takes longer than spawning, and can begin before start() is called.
    if (this.#settings.launcher === undefined) preloadExeca();
  }

  /**
   * Starts the plugin, and resolves once the handshake is complete. If the start fails, rejects with a
   * `StartError` as soon as the process is gone. Further calls return the same result or the same error.
   */
  async start(): Promise<PluginAddress> {
    return (await this.#begin()).address;
  }

  /**
   * Starts the plugin if necessary, and resolves to its one connection: the same object each time. After a
   * call of `kill()`, rejects immediately: with the start's error if the start failed, and otherwise with
   * `PLUGIN_KILLED`.
   */
  async client(): Promise<RPCClientOf<P>> {
    const ready = this.#killing === undefined ? await this.#begin() : undefined;
    if (this.#killing === undefined && ready !== undefined) return ready.rpc;
    // If the start failed, its error explains more than `PLUGIN_KILLED`.
    if (this.#state.is === 'gone' && this.#state.of.is === 'starting') await this.#state.of.ready;
    throw unsent('PLUGIN_KILLED', 'the client was killed: create another client');
  }

  /**
   * Ends the plugin. First asks the plugin to leave. As soon as the plugin answers, or after `gracePeriod`,
   * closes descriptor 3. If the plugin still runs, sends SIGTERM, then SIGKILL. Each step after the request
   * to leave may take one second. Resolves once the process is gone and its output is drained. `kill()` can
   * be called at any time and any number of times. If `kill()` is called before the start, the client can no
   * longer be started. A further call with a shorter `gracePeriod` shortens the wait; a longer `gracePeriod`
   * changes nothing. Never rejects. Throws `CONFIG_INVALID` if an option is invalid.
   */
  kill(options: KillOptions = {}): Promise<PluginExit> {
    expectKeys('options', options, ['gracePeriod']);
    const { gracePeriod = this.#settings.gracePeriod } = options;
    expectDuration('gracePeriod', gracePeriod);
    if (this.#killing === undefined) this.#killing = this.#kill(gracePeriod);
    else if (options.gracePeriod !== undefined) this.#life?.process?.hurry(gracePeriod);
    return this.#killing;
  }

  /**
   * Accepts no new work. From now on `dispense()`, and calls on dispensed implementations, fail with
   * `RPC_CLOSED` and `sent: false`. Calls to references and callbacks are still accepted. Resolves to true
   * once no call to the plugin, no stream of values and no stream of the broker is under way. Resolves to
   * false if `timeoutMs` passes or `signal` aborts before that. The plugin continues to run until `kill()`.
   * Rejects with `CONFIG_INVALID` if an option is invalid.
   */
  async drain(options: DrainOptions = {}): Promise<boolean> {
    expectKeys('options', options, ['signal', 'timeoutMs']);
    const { signal, timeoutMs = Infinity } = options;
    expectSignal(signal);
    expectDuration('timeoutMs', timeoutMs);
    return this.#activity.drain(timeoutMs, signal);
  }

  /**
   * Resolves to the report on the plugin's end as soon as the plugin's output is drained. Never rejects.
   * Remains pending if neither `start()` nor `kill()` was ever called.
   */
  get exit(): Promise<PluginExit> {
    return this.#exit.promise;
  }

  /** True once the process is gone, or can never exist. */
  get exited(): boolean {
    return this.#state.is === 'gone' || this.#life?.process?.hasEnded === true;
  }

  /**
   * The plugin's process id; undefined before the launch, or if the launcher started no process on this
   * system.
   */
  get pid(): number | undefined {
    return this.#life?.process?.launched.pid;
  }

  /** The protocol version that both sides agreed on; undefined before the start has succeeded. */
  get negotiatedVersion(): number | undefined {
    return this.#ready?.address.protocolVersion;
  }

  /** Reverts `unref()`: the plugin keeps the host's event loop alive again, which is the default. */
  ref(): void {
    this.#activity.isReferenced = true;
  }

  /**
   * Lets the host's event loop end while this plugin is idle. The plugin keeps the loop alive while it
   * starts, has calls under way or has streams in use.
   */
  unref(): void {
    this.#activity.isReferenced = false;
  }

  /** Calls `kill()`. `await using` calls this method. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  get #life(): Life<P> | undefined {
    return lifeOf(this.#state);
  }

  get #ready(): Ready<P> | undefined {
    const life = this.#life;
    return life?.is === 'ready' ? life : undefined;
  }

  /** Starts the plugin, or returns the result of the start. */
  #begin(): Promise<Ready<P>> {
    if (this.#state.is === 'new' && this.#settings.managed && cleanupCount() > this.#cleanupsBefore) {
      this.#neverStart(
        new StartFailure('PLUGIN_KILLED', 'cleanupClients() was called before the client was started'),
      );
    }
    return this.#life?.ready ?? this.#start();
  }

  #start(): Promise<Ready<P>> {
    const { managed, name, file, args } = this.#settings;
    if (managed) manage(this.#managed);
    const trace: ProcessTrace = { plugin: name, command: [file, ...args] };
    processChannel.start.publish(trace);
    void this.exit.then((exit) => processChannel.asyncEnd.publish(Object.assign(trace, { exit })));
    const ready = defer<Ready<P>>();
    const starting: Starting<P> = { is: 'starting', ready: ready.promise, process: undefined };
    this.#state = starting;
    ready.resolve(this.#context.runInAsyncScope(() => this.#reach(starting, trace)));
    return ready.promise;
  }

  async #reach(starting: Starting<P>, trace: ProcessTrace): Promise<Ready<P>> {
    try {
      const start = new Start(this.#settings, (process) => this.#takeOver(process, starting));
      const ready = this.#connect(await start.go(this.#stop.signal), starting);
      const { pid, protocolVersion } = ready.address;
      processChannel.asyncStart.publish(Object.assign(trace, { pid, protocolVersion }));
      return ready;
    } catch (error) {
      const { process } = starting;
      if (this.#state.is === 'starting') this.#state = { is: 'ending', of: starting };
      if (process === undefined) this.#gone(neverRan);
      // After a failed start the process is gone. If a later step threw, this code must end the process,
      // because no other code can.
      else await process.end({ closePipe: () => process.launched.writable.end(), waitsForPipe: false });
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
    if (this.#state.is === 'new') this.#neverStart(failure);
    else void this.kill();
  }

  /** Records that the plugin was not started, and can no longer be started. */
  #neverStart(failure: StartFailure): void {
    const { file, args } = this.#settings;
    const nothing = { elapsedMs: 0, stdoutTail: '', stderrTail: '', notes: [] };
    const facts = { ...nothing, phase: 'spawn', command: [file, ...args] } as const;
    const { code, message, cause } = failure;
    const options = cause === undefined ? {} : { cause };
    const ready = Promise.reject<Ready<P>>(new StartError(code, message, facts, options));
    ready.catch(() => {});
    this.#state = { is: 'starting', ready, process: undefined };
    this.#gone(neverRan);
  }

  /** Called when the plugin has ended. Records the plugin's exit report. */
  #gone(exit: PluginExit): void {
    const life = this.#life;
    if (life !== undefined) this.#state = { is: 'gone', of: life };
    unmanage(this.#managed);
    this.#activity.process = undefined;
    this.#exit.resolve(exit);
  }

  async #kill(graceMs: number): Promise<PluginExit> {
    if (this.#state.is === 'new') {
      this.#neverStart(new StartFailure('PLUGIN_KILLED', 'the client was killed before it was started'));
      return this.exit;
    }
    const state = this.#state;
    if (state.is === 'starting') {
      this.#stop.abort(new StartFailure('PLUGIN_KILLED', 'the client was killed while its plugin started'));
      await settlesWithin(state.ready, Infinity);
    }
    const ready = this.#ready;
    if (ready !== undefined && this.#state.is !== 'gone') {
      this.#state = { is: 'ending', of: ready };
      await ready.plugin.quit(graceMs);
    }
    return this.exit;
  }

  /** Takes over the launched process. From now on the process's output is drained and its end is noticed. */
  #takeOver(launched: LaunchedProcess, starting: Starting<P>): PluginProcess {
    const { stdout, stderr, processGroup } = this.#settings;
    const process = new PluginProcess(launched, {
      stdout: this.#output.raw(stdout, 'stdout'),
      stderr: this.#output.raw(stderr, 'stderr'),
    });
    starting.process = process;
    const { pid } = launched;
    process.callsInFlight = () => this.#ready?.plugin.hostEnd.callsInFlight() ?? [];
    process.onGone = () => {
      if (pid !== undefined) unwatch(pid);
      unmanage(this.#managed);
      // The plugin was the leader of the process group, so the processes that are left in the group are its
      // descendants. These descendants must end with the plugin.
      if (processGroup) launched.kill('SIGKILL');
    };
    void process.exit.then(async (exit) => this.#onExit(process, exit));
    this.#activity.process = launched;
    // This step comes last, because the client must be able to end the process if the step throws.
    if (pid !== undefined) watch(pid, processGroup, pipeNameBehind(launched.writable));
    return process;
  }

  async #onExit(process: PluginProcess, exit: PluginExit): Promise<void> {
    const end = this.#ready?.plugin.hostEnd;
    void end?.session.close();
    // In the log, the plugin's last output must precede the record of its exit.
    if (end !== undefined) await settlesWithin(end.printed, logFollowsMs);
    this.#gone(exit);
    this.#output.log?.(
      exit.by === 'plugin' ? 'error' : 'debug',
      `plugin exited: ${exit.signal ?? exit.code}`,
      {
        by: exit.by,
      },
    );
    const id = this.pid ?? '(without an id)';
    if (!process.hasEnded)
      this.#output.warn(`process ${id} did not end, not even by SIGKILL: it is left behind`);
    const pipe = pipeNameBehind(process.launched.writable);
    if (exit.leftBehind && pipe !== undefined) watchHolders(pipe);
    if (exit.leftBehind) this.#output.warn(describeLeftBehind(id, this.#settings.processGroup));
  }

  #connect(started: Started, { ready }: Starting<P>): Ready<P> {
    const { syncStdout, syncStderr, limits, interceptors, name, redactError, gracePeriod } = this.#settings;
    const activity = this.#activity;
    const plugin = new LivePlugin({
      started,
      name,
      graceMs: gracePeriod,
      limits,
      interceptors,
      stdout: this.#output.synced(syncStdout, 'stdout'),
      stderr: this.#output.synced(syncStderr, 'stderr'),
      log: this.#output.log,
      activity,
      redactError,
      offer: offerOf(
        this.#settings,
        (signal) => ({ broker: this.#ready!.rpc.broker, signal, client: this }),
        this.#output.log,
      ),
      onLoss: (reason) => this.#onLoss(reason),
    });
    const rpc = createRPCClient<P>(plugin.hostEnd, {
      activity,
      protocolVersion: started.greeting.protocolVersion,
      protocolVersions: started.greeting.protocolVersions,
      kill: () => this.kill(),
    });
    const { process } = plugin;
    const { pid } = process.launched;
    const { address: descriptors, protocolVersion } = started.greeting;
    const address = { network: 'pipe', address: descriptors, pid, protocolVersion } as const;
    const made: Ready<P> = { is: 'ready', ready, process, plugin, rpc, address };
    this.#state = madeReady(this.#state, made);
    this.#output.log?.('debug', 'plugin started', { pid, protocolVersion });
    return made;
  }

  /**
   * Called when the session or the control stream has ended. If either has ended, the host cannot call the
   * plugin. So the client ends the process, unless the process exits first.
   */
  #onLoss(reason: unknown): void {
    const state = this.#state;
    if (state.is !== 'ready') return;
    this.#state = { is: 'ending', of: state };
    void state.plugin.endAfterLoss(reason);
  }
}
