/** Carries out the decisions of `state.ts`. */
import { cleanupCount, PipeworkError, type Command, type Remote } from '@pipework/core';
import { onAbort } from '../calls/on-abort.ts';
import { fleetRemote, type Route } from '../calls/remote.ts';
import { WaitingCalls, type WaitLimits } from '../calls/waiting.ts';
import { unsent } from '../calls/unsent.ts';
import { defer, type Deferred } from '../deferred.ts';
import { givenUp, stopped, type FleetError } from '../errors.ts';
import { checkSupervisor, type SupervisorConfig, type SupervisorSettings } from '../options.ts';
import { FleetProcess, isPermanent, type Leave } from '../process.ts';
import { Announcer, type Because, type StateChange } from './announcer.ts';
import type { Action, SupervisorEvent, SupervisorState } from './events.ts';
import { checkFirst } from './health.ts';
import { SupervisorFacts } from './state.ts';
import { PathWatch } from './watch.ts';
import { Watches } from './watches.ts';

/**
 * Keeps one plugin running. A supervisor restarts the plugin after a failure, replaces it on request without
 * a lost call, and ends it while it is not used. The remotes of a supervisor outlive each process. After
 * {@link stop} has resolved, no timer, process or descriptor of the supervisor is left.
 *
 * @example
 * ```ts
 * import { Supervisor } from '@pipework/fleet';
 *
 * interface Plugins {
 *   greeter: { greet(name: string): Promise<string> };
 * }
 *
 * await using greeters = new Supervisor<Plugins>({ cmd: [process.execPath, 'plugin.js'] });
 * const greeter = await greeters.dispense('greeter');
 * console.log(await greeter.greet('world')); // whichever process runs at the moment
 * await greeters.reload();
 * ```
 */
export class Supervisor<P = Record<string, object>, S = Record<never, never>> {
  readonly #settings: SupervisorSettings<P>;
  readonly #facts: SupervisorFacts<Command>;
  readonly #processes = new Map<number, FleetProcess<P>>();
  readonly #waiting: WaitingCalls<FleetProcess<P>>;
  readonly #announcer: Announcer;
  readonly #delays = new Map<'restart' | 'spare', () => void>();
  readonly #route: Route<P>;
  readonly #cleanupsBefore = cleanupCount();
  readonly #watch: PathWatch | undefined;
  readonly #stopListening: () => void;
  #current: FleetProcess<P> | undefined;
  #generation = 0;
  #watches: Watches<P> | undefined;
  #starting: Deferred | undefined;
  #reloading: Deferred | undefined;
  #nextReload: Deferred | undefined;
  #stopping: Promise<void> | undefined;
  /** Makes the error of later requests; undefined unless the supervisor has given up or was stopped. */
  #makeEnd: (() => FleetError) | undefined;

  /** Starts nothing. Throws `CONFIG_INVALID` if an option of the supervisor is invalid. */
  constructor(config: SupervisorConfig<P, S>) {
    const settings = checkSupervisor(config);
    const { clock, name, signal } = settings;
    this.#settings = settings;
    this.#announcer = new Announcer(name);
    this.#facts = new SupervisorFacts({
      command: settings.client.cmd,
      restart: settings.restart,
      hasSpare: settings.hasSpare,
      random: clock.random,
    });
    this.#waiting = new WaitingCalls(settings.maxWaitingCalls, clock, {
      overloaded: (waiting) =>
        unsent(
          'RPC_OVERLOADED',
          `the call was not sent: ${waiting} calls already wait for ${name} to become ready (maxWaitingCalls)`,
        ),
      late: () => this.#route.late(),
    });
    this.#route = this.#makeRoute();
    const abort = (): void => void this.#stop(false, signal?.reason);
    this.#stopListening = onAbort(signal, abort);
    this.#watch =
      settings.watch.length === 0
        ? undefined
        : new PathWatch(
            settings.watch,
            clock,
            () => this.#dispatch({ type: 'changed' }),
            (error) => this.#announce({ error: error as Error }),
          );
    if (signal?.aborted === true) abort();
  }

  /** The state at this moment. */
  get state(): SupervisorState {
    return this.#facts.state;
  }

  /** The number of the process that accepts calls, or that accepted them last; 0 before the first one. */
  get generation(): number {
    return this.#generation;
  }

  /**
   * Resolves once a process is ready and the paths in `watch` are watched. If the supervisor had given up, it
   * tries again. Rejects with `FLEET_GIVEN_UP`, whose `cause` is the last failure, or with `FLEET_STOPPED`.
   */
  async start(): Promise<void> {
    await this.#watch?.ready();
    if (this.state === 'stopped') throw this.#endError();
    if (this.#current !== undefined) return;
    this.#starting ??= defer();
    const { promise } = this.#starting;
    this.#dispatch({ type: 'start' });
    await promise;
  }

  /**
   * Ends the supervisor. Running calls may finish within `drainMs`, unless `drain` is false. Resolves once no
   * process, timer or descriptor is left. Further calls of `stop()` return the same promise.
   */
  stop(options: { readonly drain?: boolean } = {}): Promise<void> {
    return this.#stop(options.drain ?? true, undefined);
  }

  /**
   * Replaces the process. Starts a new process beside the old one, runs `setup` and one health check, and
   * sends new calls to the new process. The old process ends after its running calls have ended or `drainMs`
   * has passed. Resolves once the new process accepts calls. If the new process does not become ready,
   * `reload()` rejects, and the old process is kept. After a successful reload, later restarts use the new
   * `cmd` too. All reloads that are requested while one runs share one further reload, which uses the last
   * `cmd`.
   */
  async reload(options: { readonly cmd?: Command } = {}): Promise<void> {
    if (this.state === 'stopped') throw this.#endError();
    if (options.cmd !== undefined) new FleetProcess<P>(0, this.#settings, options.cmd);
    this.#nextReload ??= defer();
    const { promise } = this.#nextReload;
    this.#dispatch({ type: 'reload', command: options.cmd });
    await promise;
  }

  /**
   * Returns one remote of `name` that outlives each process. Each process makes a separate implementation for
   * this remote. Starts a process if there is none. If a process dies, its running calls reject and are never
   * repeated. Rejects with `RPC_UNKNOWN_PLUGIN`, `FLEET_GIVEN_UP` or `FLEET_STOPPED`.
   */
  async dispense<K extends keyof P & string>(name: K): Promise<Remote<P[K]>> {
    const { remote, prepare } = fleetRemote<P, K>(this.#route, name);
    await this.#watch?.ready();
    await prepare();
    return remote;
  }

  /** Calls `listener` after every change of state. Returns a function that removes the listener. */
  on(event: 'state', listener: (change: StateChange) => void): () => void {
    if (event !== 'state')
      throw new PipeworkError('CONFIG_INVALID', `on(): expected 'state'; got '${String(event)}'`);
    return this.#announcer.listen(listener);
  }

  /** Calls {@link Supervisor.stop}, at the end of a block that declares the supervisor by `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #makeRoute(): Route<P> {
    const current = (): FleetProcess<P> | undefined => this.#current;
    return {
      clock: this.#settings.clock,
      get current() {
        return current();
      },
      next: (after, limits) => this.#next(after, limits),
      used: () => this.#watches?.used(),
      release: (owner) => {
        for (const process of this.#processes.values()) process.release(owner);
      },
      late: () =>
        unsent(
          'RPC_DEADLINE',
          `the deadline passed while the call waited for ${this.#settings.name} to become ready`,
        ),
    };
  }

  async #next(after: number, limits: WaitLimits): Promise<FleetProcess<P>> {
    this.#dispatch({ type: 'wanted' });
    if (this.#makeEnd !== undefined) throw this.#endError();
    const current = this.#current;
    if (current !== undefined && current.number > after) return current;
    return await this.#waiting.wait(limits);
  }

  get #what(): string {
    return `the supervisor of ${this.#settings.name}`;
  }

  #endError(): FleetError {
    return this.#makeEnd?.() ?? stopped(this.#what);
  }

  #stop(drain: boolean, cause: unknown): Promise<void> {
    // If an earlier stop is draining processes, a stop without draining makes these processes quit.
    if (this.#stopping !== undefined && !drain)
      for (const process of this.#processes.values()) void process.leave({ how: 'quit' });
    this.#stopping ??= this.#end(drain, cause);
    return this.#stopping;
  }

  async #end(drain: boolean, cause: unknown): Promise<void> {
    this.#dispatch({ type: 'stop', drain, ...(cause === undefined ? {} : { cause }) });
    const gone = [...this.#processes.values()].map((process) => process.gone);
    await Promise.all([this.#watch?.stop(), ...gone]);
    this.#stopListening();
    await this.#announcer.settled();
  }

  /** Handles an event: decides on actions, performs them, and reports a change of state. */
  #dispatch(event: SupervisorEvent<Command>, because: Because = {}): void {
    if (this.#isCleaningUp(event)) return void this.#stop(false, undefined);
    const before = `${this.state} ${this.#generation}`;
    const actions = this.#facts.handle(event, this.#settings.clock.now());
    for (const action of actions) this.#perform(action);
    // If a reload fails while the next one begins, the state does not change, but the failure is reported
    // nevertheless.
    const hasFailed = actions.some((action) => action.do === 'settle-reload' && action.error !== undefined);
    if (hasFailed || `${this.state} ${this.#generation}` !== before) this.#announce(because);
  }

  /**
   * True if the plugin is managed and the host has called `cleanupClients()`. In that case the plugin is not
   * restarted.
   */
  #isCleaningUp(event: SupervisorEvent<Command>): boolean {
    const { managed } = this.#settings.client;
    if (managed !== true || event.type === 'stop' || this.#stopping !== undefined) return false;
    return cleanupCount() > this.#cleanupsBefore;
  }

  #perform(action: Action<Command>): void {
    switch (action.do) {
      case 'launch': {
        this.#makeEnd = undefined;
        const process = new FleetProcess<P>(action.process, this.#settings, action.command);
        this.#processes.set(action.process, process);
        void this.#bringUp(process, action.isReload);
        return;
      }
      case 'take-over':
        return this.#takeOver(this.#processes.get(action.process)!);
      case 'retire':
        return this.#retire(this.#processes.get(action.process)!, action.how);
      case 'delay':
        return this.#delay(action.which, action.ms);
      case 'cancel-delay':
        this.#delays.get(action.which)?.();
        this.#delays.delete(action.which);
        return;
      case 'settle-start':
        this.#starting?.resolve();
        this.#starting = undefined;
        return;
      case 'begin-reload':
        this.#reloading = this.#nextReload;
        this.#nextReload = undefined;
        return;
      case 'settle-reload':
        return this.#settleReload(action.error);
      case 'give-up':
        return this.#fail(() => givenUp(this.#what, action.reason, action.error));
      case 'stop':
        return this.#fail(() => stopped(this.#what, action.cause));
    }
  }

  async #bringUp(process: FleetProcess<P>, isReload: boolean): Promise<void> {
    const { number } = process;
    let isReady = false;
    try {
      const rpc = await process.start();
      if (isReload) await checkFirst(rpc, this.#settings.health, this.#settings.clock);
      if (this.#current !== undefined) process.adopt(this.#current);
      isReady = true;
      void rpc.closed.then(() => this.#lost(process));
      this.#dispatch({ type: 'ready', process: number });
    } catch (error) {
      if (isReady) throw error;
      this.#leave(process, { how: 'kill' });
      const failure = error as Error;
      this.#dispatch(
        { type: 'failed', process: number, error: failure, isPermanent: isPermanent(failure) },
        { error: failure },
      );
    }
    // A process that ends while it starts must count as failed before it counts as gone.
    await process.gone;
    this.#processes.delete(number);
    this.#dispatch({ type: 'gone', process: number });
  }

  #lost(process: FleetProcess<P>): void {
    const error = new Error(`process ${process.number} of ${this.#settings.name} was lost`);
    this.#leaveCurrent(process);
    // The client ends a process that survived its session, so this code does not end the process. The client
    // also waits for the exit, so that the errors of the calls can name the exit.
    this.#dispatch({ type: 'ended', process: process.number, error }, { exit: process.gone, error });
  }

  #takeOver(process: FleetProcess<P>): void {
    const { health, idleMs, clock } = this.#settings;
    this.#watches?.stop();
    this.#current = process;
    this.#generation = process.number;
    this.#watches = new Watches(process, {
      health,
      idleMs,
      clock,
      onUnhealthy: (error) =>
        this.#dispatch({ type: 'unhealthy', process: process.number, error }, { exit: process.gone, error }),
      onUnused: () => this.#dispatch({ type: 'unused' }),
    });
    this.#waiting.release(process);
  }

  #retire(process: FleetProcess<P>, how: 'drain' | 'quit' | 'kill'): void {
    this.#leave(process, how === 'drain' ? { how, drainMs: this.#settings.drainMs } : { how });
  }

  #leave(process: FleetProcess<P>, leave: Leave): void {
    this.#leaveCurrent(process);
    void process.leave(leave);
  }

  /** Sends no more calls to the process. */
  #leaveCurrent(process: FleetProcess<P>): void {
    if (this.#current !== process) return;
    this.#current = undefined;
    this.#watches?.stop();
  }

  #delay(which: 'restart' | 'spare', ms: number): void {
    this.#delays.get(which)?.();
    const over = (): void => {
      this.#delays.delete(which);
      this.#dispatch({ type: which === 'restart' ? 'delay-over' : 'spare-delay-over' });
    };
    // Calls may wait for a restart, so its delay must keep the host's process alive. No call waits for a
    // spare.
    this.#delays.set(which, this.#settings.clock.after(ms, over, { holdsLoop: which === 'restart' }));
  }

  #settleReload(error: Error | undefined): void {
    const reload = this.#reloading;
    this.#reloading = undefined;
    if (error === undefined) reload?.resolve();
    else reload?.reject(error);
  }

  /**
   * Rejects every waiting request, and later ones too, because the supervisor has given up or was stopped.
   * `#makeEnd` is set first, so that no call is accepted in between.
   */
  #fail(makeEnd: () => FleetError): void {
    this.#makeEnd = makeEnd;
    this.#current = undefined;
    this.#watches?.stop();
    this.#waiting.fail(makeEnd);
    for (const waiting of [this.#starting, this.#reloading, this.#nextReload]) waiting?.reject(makeEnd());
    this.#starting = undefined;
    this.#reloading = undefined;
    this.#nextReload = undefined;
  }

  #announce(because: Because): void {
    this.#announcer.announce({ state: this.state, generation: this.#generation }, because);
  }
}
