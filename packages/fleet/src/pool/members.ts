/** Starts the processes of a pool when they are needed, replaces them and ends them. */
import type { Command, PluginExit, RPCClientOf } from '@pipework/core';
import { defer, type Deferred } from '../deferred.ts';
import { FleetProcess, isPermanent, type Leave } from '../process.ts';
import { RestartBudget } from '../restart-budget.ts';
import { checkFirst, HealthWatch } from '../supervisor/health.ts';
import { SpareFacts } from '../supervisor/spare.ts';
import { tellPool } from './announce.ts';
import { Member, type EndReason, type Version } from './member.ts';
import type { PoolSettings } from './options.ts';
import { Replacements } from './replacements.ts';
import { Upkeep } from './upkeep.ts';

/** The functions of the pool that this class calls. */
export interface MembersHost<P> {
  /** Called when the process begins to accept calls. */
  open(member: Member<P>): void;
  /** Called when the process accepts no further calls. */
  close(member: Member<P>): void;
  /** Called when the session with the process was lost, and when the process is gone. */
  remove(member: Member<P>): void;
  running(member: Member<P>): number;
  /** Returns how many processes the waiting calls could use. */
  wanted(): number;
  /** Rejects every waiting call, and returns the error with which the pool has given up. */
  gaveUp(reason: string, error: Error): Error;
  /** Returns false if the pool is managed and the host has called `cleanupClients()`. */
  mayStart(): boolean;
}

/** The purpose for which a process is started. */
type Role = 'member' | 'spare' | 'successor';

export class Members<P> {
  readonly #settings: PoolSettings<P>;
  readonly #host: MembersHost<P>;
  readonly #all = new Set<Member<P>>();
  readonly #budget: RestartBudget;
  readonly #spare = new SpareFacts();
  readonly #replacements: Replacements<P>;
  readonly #upkeep: Upkeep<P>;
  #nextNumber = 1;
  #cancelDelay: (() => void) | undefined;
  #cancelSpareDelay: (() => void) | undefined;
  #starting: Deferred | undefined;
  #isDown = false;

  constructor(settings: PoolSettings<P>, host: MembersHost<P>) {
    const { client, restart, clock } = settings.process;
    this.#settings = settings;
    this.#host = host;
    this.#budget = new RestartBudget(restart, clock.random);
    const mayLaunch = (): boolean => this.#mayLaunch;
    this.#replacements = new Replacements(
      {
        all: this.#all,
        get mayLaunch() {
          return mayLaunch();
        },
        takeSpare: (version) => this.#takeSpare(version),
        launchSuccessor: (version) => this.#launch('successor', version),
        open: (member) => this.#open(member),
        drain: (member, reason) => this.#end(member, this.#drain, reason),
        delay: (attempt, act) => clock.after(this.#budget.delayOf(attempt), act, { holdsLoop: false }),
      },
      { number: 0, command: client.cmd },
    );
    const ready = (): Member<P>[] => this.ready;
    this.#upkeep = new Upkeep(settings, {
      get ready() {
        return ready();
      },
      running: (member) => host.running(member),
      mark: (member, mark) => this.#replacements.mark(member, mark),
      endIdle: (member) => this.#end(member, { how: 'quit' }, 'idle'),
      endSpare: () => this.#endSpare('idle'),
    });
  }

  /** The processes that accept calls. */
  get ready(): Member<P>[] {
    return [...this.#all].filter(({ state }) => state === 'ready');
  }

  get recycled(): number {
    return this.#replacements.recycled;
  }

  /** Disposes of a remote's implementations in the processes. */
  release(owner: object): void {
    for (const member of this.#all) member.process.release(owner);
  }

  /** Called when a call at the process is over. */
  released(member: Member<P>): void {
    this.#upkeep.released(member);
  }

  /** Resolves once `min` processes are ready. If the pool had given up, it starts again. */
  async start(): Promise<void> {
    this.#revive();
    if (this.ready.length >= this.#settings.min) return;
    this.#starting ??= defer();
    const { promise } = this.#starting;
    this.plan();
    await promise;
  }

  /** Replaces every process by one that runs `command`, or the present command if `command` is undefined. */
  async reload(command: Command | undefined): Promise<void> {
    if (command !== undefined) new FleetProcess<P>(0, this.#settings.process, command);
    this.#revive();
    this.#cancelDelay?.();
    this.#cancelDelay = undefined;
    this.#endSpare('reloaded');
    this.#spare.hope();
    const reloading = this.#replacements.reload(command);
    this.plan();
    await reloading;
  }

  get #mayLaunch(): boolean {
    return !this.#isDown && this.#cancelDelay === undefined && this.#host.mayStart();
  }

  /**
   * Starts processes if fewer exist than are needed. Called after each step that may have changed one of
   * these two numbers.
   */
  plan(): void {
    if (!this.#mayLaunch) return;
    const { min, max, process } = this.#settings;
    this.#fillFromSpare();
    const { version } = this.#replacements;
    const starting = this.#startingMembers;
    const serving = starting + this.ready.length;
    const missing = Math.max(min - serving, Math.min(this.#host.wanted() - starting, max - serving), 0);
    for (let launched = 0; launched < missing; launched += 1) this.#launch('member', version);
    if (process.hasSpare && this.#mayHaveSpare && serving + missing > 0) this.#launch('spare', version);
    if (this.#all.size > 0) this.#upkeep.begin();
  }

  /**
   * True if a spare may be started. During a reload no spare is started, because it is not known yet which
   * version will be used.
   */
  get #mayHaveSpare(): boolean {
    return this.#spare.isWanted && this.#cancelSpareDelay === undefined && !this.#replacements.isReloading;
  }

  /** How many processes are starting, apart from spares and successors. */
  get #startingMembers(): number {
    return [...this.#all].filter(
      (member) =>
        member.state === 'starting' &&
        !this.#spare.isAt(member.number) &&
        !this.#replacements.isSuccessor(member),
    ).length;
  }

  /** If a further process is needed and a spare is ready, the spare immediately becomes that process. */
  #fillFromSpare(): void {
    const { min, max } = this.#settings;
    const { length } = this.ready;
    if (length >= min && (this.#host.wanted() === 0 || length >= max)) return;
    const spare = this.#takeSpare(this.#replacements.version);
    if (spare !== undefined) this.#open(spare);
  }

  #takeSpare(version: Version): Member<P> | undefined {
    const spare = [...this.#all].find((member) => member.state === 'spare' && member.version === version);
    if (spare !== undefined) this.#spare.take();
    return spare;
  }

  #endSpare(reason: EndReason): void {
    this.#cancelSpareDelay?.();
    this.#cancelSpareDelay = undefined;
    const held = this.#spare.take();
    const spare = [...this.#all].find(({ number }) => number === held?.process);
    if (spare !== undefined) this.#end(spare, { how: spare.state === 'spare' ? 'quit' : 'kill' }, reason);
  }

  #launch(role: Role, version: Version): Member<P> {
    const started = new FleetProcess<P>(this.#nextNumber++, this.#settings.process, version.command);
    const member = new Member<P>(started, version);
    this.#all.add(member);
    if (role === 'spare') this.#spare.launched(member.number);
    void this.#bringUp(member, role);
    return member;
  }

  async #bringUp(member: Member<P>, role: Role): Promise<void> {
    const { clock, health } = this.#settings.process;
    try {
      const rpc = await member.process.start();
      if (role === 'successor') await checkFirst(rpc, health, clock);
      if (member.state === 'starting') this.#becomeReady(member, rpc);
    } catch (error) {
      const wasStarting = member.state === 'starting';
      this.#end(member, { how: 'kill' }, 'failed', error as Error);
      if (wasStarting) this.#startFailed(member, error as Error);
    }
    // A process that ends while it starts must count as failed before it counts as gone.
    const exit = await member.process.gone;
    this.#gone(member, exit);
  }

  #becomeReady(member: Member<P>, rpc: RPCClientOf<P>): void {
    const { clock, health } = this.#settings.process;
    member.readyAt = member.lastUse = clock.now();
    member.process.onServiceCall = () => {
      member.lastUse = clock.now();
    };
    void rpc.closed.then(() => this.lost(member));
    if (health !== undefined)
      member.health = new HealthWatch(rpc, health, clock, {
        verdict: (reason) => this.#unhealthy(member, reason),
      });
    if (this.#spare.isAt(member.number)) {
      member.state = 'spare';
      this.#spare.ready(member.number);
    } else this.#open(member);
    this.plan();
  }

  #open(member: Member<P>): void {
    member.state = 'ready';
    tellPool(this.#settings.process.name, member.number, 'ready');
    this.#host.open(member);
    this.#replacements.opened(member);
    if (this.ready.length < this.#settings.min) return;
    this.#starting?.resolve();
    this.#starting = undefined;
  }

  /** Called when the session with the process was lost. The process accepts no further calls. */
  lost(member: Member<P>): void {
    const { state, number } = member;
    if (state === 'leaving') return;
    const error = new Error(`process ${number} of ${this.#settings.process.name} was lost`);
    // The client ends a process that survived its session, so this code does not end the process. The client
    // also waits for the exit, so that the errors of the calls can name the exit.
    this.#leave(member, 'lost', error);
    this.#host.remove(member);
    if (this.#spare.isAt(number)) this.#spareFailed(false);
    else this.#countIfUseless(member, error);
    this.plan();
  }

  #unhealthy(member: Member<P>, error: Error): void {
    const isSpare = this.#spare.isAt(member.number);
    this.#end(member, { how: 'kill' }, 'unhealthy', error);
    if (isSpare) this.#spareFailed(false);
    else this.#countIfUseless(member, error);
    this.plan();
  }

  /** If the process has answered no call, counts its loss as a failed start. */
  #countIfUseless(member: Member<P>, error: Error): void {
    if (member.answered === 0) this.#countFailure(error);
  }

  get #drain(): Leave {
    return { how: 'drain', drainMs: this.#settings.process.drainMs };
  }

  #end(member: Member<P>, leave: Leave, reason: EndReason, error?: Error): void {
    if (member.state === 'leaving' && leave.how === 'drain') return;
    this.#leave(member, reason, error);
    void member.process.leave(leave);
  }

  /** Sends no more calls to the process. */
  #leave(member: Member<P>, reason: EndReason, error?: Error): void {
    const { readyAt } = member;
    if (readyAt !== undefined) this.#budget.credit(this.#settings.process.clock.now() - readyAt);
    member.state = 'leaving';
    member.ending ??= { reason, ...(error === undefined ? {} : { error }) };
    member.health?.stop();
    this.#host.close(member);
    this.#replacements.left(member);
  }

  #gone(member: Member<P>, exit: PluginExit | undefined): void {
    this.lost(member);
    this.#all.delete(member);
    this.#host.remove(member);
    const { reason, error } = member.ending!;
    tellPool(this.#settings.process.name, member.number, reason, exit, error);
    this.#replacements.next();
    this.plan();
  }

  #startFailed(member: Member<P>, error: Error): void {
    if (this.#spare.isAt(member.number)) return this.#spareFailed(isPermanent(error));
    if (this.#replacements.failed(member, error)) return;
    if (isPermanent(error))
      return this.#giveUp('another start with the same configuration cannot succeed', error);
    this.#countFailure(error);
  }

  /** A spare's failure does not count towards giving up, but makes the delay before the next spare longer. */
  #spareFailed(isHopeless: boolean): void {
    const attempt = this.#spare.failed(isHopeless);
    if (attempt === undefined || this.#isDown) return;
    const over = (): void => {
      this.#cancelSpareDelay = undefined;
      this.plan();
    };
    const { clock } = this.#settings.process;
    this.#cancelSpareDelay = clock.after(this.#budget.delayOf(attempt), over, { holdsLoop: false });
  }

  #countFailure(error: Error): void {
    const { clock } = this.#settings.process;
    if (this.#isDown) return;
    const reason = this.#budget.count(clock.now());
    if (reason !== undefined) return this.#giveUp(reason, error);
    this.#cancelDelay?.();
    this.#cancelDelay = clock.after(this.#budget.nextDelay(), () => {
      this.#cancelDelay = undefined;
      this.plan();
      this.#replacements.next();
    });
  }

  #giveUp(reason: string, error: Error): void {
    this.#isDown = true;
    this.#fail(this.#host.gaveUp(reason, error));
    for (const member of this.#all) this.#end(member, { how: 'quit' }, 'given-up', error);
  }

  #revive(): void {
    if (!this.#isDown) return;
    this.#isDown = false;
    this.#budget.reset();
    this.#spare.hope();
  }

  /** Ends every timer, and rejects a waiting `start()` or `reload()` with `error`. */
  #fail(error: Error): void {
    this.#cancelDelay?.();
    this.#cancelDelay = undefined;
    this.#cancelSpareDelay?.();
    this.#cancelSpareDelay = undefined;
    this.#upkeep.stop();
    this.#replacements.stop();
    this.#replacements.fail(error);
    this.#starting?.reject(error);
    this.#starting = undefined;
  }

  /**
   * Ends every process as `leave` says, but kills those that are starting. A waiting `start()` or `reload()`
   * rejects with `error`.
   */
  async stop(leave: Leave, error: Error): Promise<void> {
    this.#isDown = true;
    this.#fail(error);
    const gone = [...this.#all].map((member) => {
      this.#end(member, member.state === 'starting' ? { how: 'kill' } : leave, 'stopped');
      return member.process.gone;
    });
    await Promise.all(gone);
  }
}
