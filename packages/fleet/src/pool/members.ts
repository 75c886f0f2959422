/** The processes of a pool: starts them as they are needed, replaces and ends them. */
import { PipeworkError, type Command, type RPCClient } from '@pipework/core';
import { backoffDelay } from '../backoff.ts';
import { countFailure } from '../intensity.ts';
import { FleetProcess, isPermanent } from '../process.ts';
import { HealthWatch, checkOnce } from '../supervisor/health.ts';
import { Member, type Mark } from './member.ts';
import type { PoolSettings } from './options.ts';
import { residentBytes } from './resident.ts';

/** What the processes need of the pool. */
export interface MembersHost<P> {
  /** The process takes calls from now on. */
  open(member: Member<P>): void;
  /** It takes no further call. */
  close(member: Member<P>): void;
  /** It is gone, with every call that ran there. */
  remove(member: Member<P>): void;
  running(member: Member<P>): number;
  /** How many processes the calls that wait could use. */
  wanted(): number;
  gaveUp(reason: string, error: Error): void;
  /** False once the host cleans up. */
  mayStart(): boolean;
}

/** How long a reloaded process may take to answer its first check if `health` is off, in milliseconds. */
const firstCheckMs = 5_000;

/** A process's memory is looked at once in so many milliseconds at most. */
const measureEveryMs = 250;

/** A process that has passed `recycle.residentBytes` within so few calls shows that the limit is near what it needs at rest. */
const fewCalls = 10;

/** What a process is started for. */
type Role = 'member' | 'spare' | 'successor';

interface Waiter {
  resolve(): void;
  reject(error: Error): void;
}

export class Members<P> {
  readonly #settings: PoolSettings<P>;
  readonly #host: MembersHost<P>;
  readonly #all = new Set<Member<P>>();
  #nextNumber = 1;
  #command: Command;
  #version = 0;
  #failures: readonly number[] = [];
  #attempt = 0;
  #cancelDelay: (() => void) | undefined;
  #cancelSweep: (() => void) | undefined;
  /** One process is replaced at a time: its successor, once that is launched. */
  #replacement: { readonly old: Member<P>; readonly successor: Member<P> } | undefined;
  #reload: { readonly waiters: Waiter[]; readonly oldCommand: Command; hasSucceeded: boolean } | undefined;
  #starters: Waiter[] = [];
  #isOver = false;
  #recycled = 0;
  #hasWarnedOfMemory = false;

  constructor(settings: PoolSettings<P>, host: MembersHost<P>) {
    this.#settings = settings;
    this.#host = host;
    this.#command = settings.process.client.cmd;
    // Checks the client's options now, not at the first call.
    this.#makeProcess(0);
  }

  /** Those that take calls. */
  get ready(): Member<P>[] {
    return [...this.#all].filter(({ state }) => state === 'ready');
  }

  get recycled(): number {
    return this.#recycled;
  }

  /** Disposes of what a remote has in the processes. */
  release(owner: object): void {
    for (const member of this.#all) member.process.release(owner);
  }

  async start(): Promise<void> {
    this.#revive();
    if (this.ready.length >= this.#settings.min) return;
    await new Promise<void>((resolve, reject) => {
      this.#starters.push({ resolve, reject });
      this.plan();
    });
  }

  /** Looks at the facts and starts what is missing. Called after everything that may have changed them. */
  plan(): void {
    if (this.#isOver || this.#cancelDelay !== undefined || !this.#host.mayStart()) return;
    const { min, max, process } = this.#settings;
    this.#fillFromSpare();
    const starting = this.#count('starting', (member) => !this.#isSuccessor(member));
    const serving = starting + this.#count('ready', () => true);
    const missing = Math.max(min - serving, Math.min(this.#host.wanted() - starting, max - serving));
    for (let launched = 0; launched < missing; launched += 1) this.#launch();
    const hasSpare = this.#count('spare', () => true) > 0 || this.#spareIsStarting;
    if (process.hasSpare && !hasSpare && serving + Math.max(0, missing) > 0) this.#launch('spare');
    this.#sweepLater();
  }

  #spareIsStarting = false;

  #count(state: Member<P>['state'], matches: (member: Member<P>) => boolean): number {
    let count = 0;
    for (const member of this.#all) if (member.state === state && matches(member)) count += 1;
    return count;
  }

  #isSuccessor(member: Member<P>): boolean {
    return this.#replacement?.successor === member;
  }

  /** A ready spare takes the place of a process that is missing, at once. */
  #fillFromSpare(): void {
    const spare = [...this.#all].find(({ state }) => state === 'spare');
    if (spare === undefined) return;
    const { min, max } = this.#settings;
    const serving = this.ready.length;
    if (serving < min || (this.#host.wanted() > 0 && serving < max)) this.#open(spare);
  }

  #makeProcess(number: number): FleetProcess<P> {
    const { client, setup, startTimeoutMs, clock } = this.#settings.process;
    return new FleetProcess<P>(number, {
      config: { ...client, cmd: this.#command },
      setup,
      setupTimeoutMs: startTimeoutMs,
      clock,
    });
  }

  #launch(role: Role = 'member'): Member<P> {
    const member = new Member<P>(this.#makeProcess(this.#nextNumber++), this.#version);
    this.#all.add(member);
    if (role === 'spare') this.#spareIsStarting = true;
    void this.#bringUp(member, role);
    return member;
  }

  async #bringUp(member: Member<P>, role: Role): Promise<void> {
    const { clock, health } = this.#settings.process;
    try {
      const rpc = await member.process.start();
      if (role === 'successor') {
        const failure = await checkOnce(rpc, health ?? { timeoutMs: firstCheckMs }, clock);
        if (failure !== undefined) throw failure;
      }
      if (role === 'spare') this.#spareIsStarting = false;
      if (member.state === 'starting') this.#becomeReady(member, role, rpc);
    } catch (error) {
      if (role === 'spare') this.#spareIsStarting = false;
      const wasStarting = member.state === 'starting';
      this.#end(member, 'kill');
      if (wasStarting) this.#startFailed(member, error as Error);
    }
    // In this order: a process that ends while it starts has failed first.
    await member.process.gone;
    this.#gone(member);
  }

  #becomeReady(member: Member<P>, role: Role, rpc: RPCClient<P>): void {
    const { clock, health } = this.#settings.process;
    member.readyAt = member.lastUse = clock.now();
    void rpc.closed.then(() => this.lost(member));
    if (health !== undefined) {
      member.health = new HealthWatch(rpc, health, clock, () => this.#end(member, 'kill'));
    }
    if (role === 'spare') member.state = 'spare';
    else this.#open(member);
    this.plan();
  }

  #open(member: Member<P>): void {
    member.state = 'ready';
    const replacement = this.#replacement;
    if (replacement?.successor === member) this.#replace(replacement.old);
    this.#host.open(member);
    if (this.ready.length < this.#settings.min) return;
    for (const starter of this.#starters.splice(0)) starter.resolve();
  }

  /** The successor is there: the old process finishes what it runs. */
  #replace(old: Member<P>): void {
    this.#replacement = undefined;
    if (old.mark === 'reload') {
      if (this.#reload !== undefined) this.#reload.hasSucceeded = true;
    } else this.#recycled += 1;
    this.#end(old, 'drain');
    this.#replaceNext();
  }

  /** Starts the successor of the next process that has passed a limit. One at a time: processes that are of one age would all go together. */
  #replaceNext(): void {
    if (this.#replacement !== undefined || this.#isOver) return;
    const old = [...this.#all].find(({ state, mark }) => state === 'ready' && mark !== undefined);
    if (old === undefined) return this.#settleReload();
    if (this.#cancelDelay !== undefined) return;
    const spare = [...this.#all].find(({ state, version }) => state === 'spare' && version === this.#version);
    if (spare !== undefined) {
      this.#replacement = { old, successor: spare };
      this.#open(spare);
      return this.plan();
    }
    this.#replacement = { old, successor: this.#launch('successor') };
  }

  #mark(member: Member<P>, mark: Mark): void {
    member.mark ??= mark;
    this.#replaceNext();
  }

  /** Replaces every process by one of the new command. */
  reload(command: Command | undefined): Promise<void> {
    const oldCommand = this.#command;
    if (command !== undefined) {
      this.#command = command;
      try {
        this.#makeProcess(0);
      } catch (error) {
        this.#command = oldCommand;
        return Promise.reject(error);
      }
    }
    this.#revive();
    this.#version += 1;
    for (const member of this.#all) {
      if (member.state === 'spare') this.#end(member, 'quit');
      else if (member.state === 'ready') member.mark = 'reload';
    }
    return new Promise((resolve, reject) => {
      const waiters = [...(this.#reload?.waiters ?? []), { resolve, reject }];
      this.#reload = { waiters, oldCommand, hasSucceeded: false };
      this.#replaceNext();
      this.plan();
    });
  }

  #settleReload(error?: Error): void {
    const reload = this.#reload;
    if (reload === undefined) return;
    this.#reload = undefined;
    if (error === undefined) return reload.waiters.forEach((waiter) => waiter.resolve());
    if (!reload.hasSucceeded) {
      this.#command = reload.oldCommand;
      for (const member of this.#all) if (member.mark === 'reload') member.mark = undefined;
    }
    for (const waiter of reload.waiters) waiter.reject(error);
  }

  /** A call came back from the process: it may have passed a limit. */
  released(member: Member<P>): void {
    const { recycle, process } = this.#settings;
    const now = process.clock.now();
    member.lastUse = now;
    this.#attempt = 0;
    if (member.state !== 'ready' || member.mark !== undefined) return;
    if (recycle.calls !== undefined && member.answered >= recycle.calls) return this.#mark(member, 'calls');
    if (recycle.residentBytes === undefined || now - member.measuredAt < measureEveryMs) return;
    member.measuredAt = now;
    void this.#measure(member, recycle.residentBytes);
  }

  async #measure(member: Member<P>, limit: number): Promise<void> {
    const { pid } = member.process;
    const bytes = pid === undefined ? undefined : await residentBytes(pid);
    if (bytes === undefined || bytes < limit || member.state !== 'ready') return;
    if (member.answered < fewCalls && !this.#hasWarnedOfMemory) {
      this.#hasWarnedOfMemory = true;
      process.emitWarning(
        `a process of ${this.#settings.process.name} holds ${bytes} bytes after ${member.answered} calls, and recycle.residentBytes is ${limit}: it will be replaced again and again`,
        'PipeworkWarning',
      );
    }
    this.#mark(member, 'residentBytes');
  }

  /** The session with the process was lost: it takes no further call. */
  lost(member: Member<P>): void {
    if (member.state === 'leaving') return;
    const wasReady = member.state === 'ready';
    // The client waits for the exit, which explains the loss to the calls, and ends a process that survived its session.
    this.#leave(member);
    this.#host.remove(member);
    if (wasReady && member.answered === 0) {
      this.#countFailure(
        new Error(`a process of ${this.#settings.process.name} ended before its first answer`),
      );
    }
    this.plan();
  }

  #end(member: Member<P>, how: 'drain' | 'quit' | 'kill'): void {
    if (member.state === 'leaving' && how !== 'kill') return;
    this.#leave(member);
    const { drainMs } = this.#settings.process;
    void member.process.leave(how === 'drain' ? { how, drainMs } : { how });
  }

  /** It gets no more calls. */
  #leave(member: Member<P>): void {
    member.state = 'leaving';
    member.health?.stop();
    this.#host.close(member);
    if (this.#replacement?.old === member) this.#replacement = undefined;
  }

  #gone(member: Member<P>): void {
    this.lost(member);
    this.#all.delete(member);
    this.#host.remove(member);
    this.#replaceNext();
    this.plan();
  }

  #startFailed(member: Member<P>, error: Error): void {
    if (this.#isSuccessor(member)) {
      const isReload = this.#replacement?.old.mark === 'reload';
      this.#replacement = undefined;
      if (isReload) return this.#settleReload(error);
    }
    if (isPermanent(error))
      return this.#giveUp('another start with the same configuration cannot succeed', error);
    this.#countFailure(error);
  }

  #countFailure(error: Error): void {
    const { restart, clock } = this.#settings.process;
    if (this.#isOver) return;
    if (restart === false) return this.#giveUp('it was told not to restart', error);
    const counted = countFailure(this.#failures, clock.now(), restart);
    this.#failures = counted.failures;
    if (!counted.mayRestart) {
      const { atMost, withinMs } = restart;
      return this.#giveUp(
        `${counted.failures.length} failures within ${withinMs} ms, and restart.atMost is ${atMost}`,
        error,
      );
    }
    this.#cancelDelay?.();
    this.#cancelDelay = clock.after(backoffDelay(this.#attempt++, restart, clock.random()), () => {
      this.#cancelDelay = undefined;
      this.plan();
      this.#replaceNext();
    });
  }

  #giveUp(reason: string, error: Error): void {
    this.#isOver = true;
    this.#fail(error);
    for (const member of this.#all) this.#end(member, 'quit');
    this.#host.gaveUp(reason, error);
  }

  #revive(): void {
    if (!this.#isOver) return;
    this.#isOver = false;
    this.#failures = [];
    this.#attempt = 0;
  }

  /** Ends every timer and every wait. */
  #fail(error: Error): void {
    this.#cancelDelay?.();
    this.#cancelDelay = undefined;
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
    this.#replacement = undefined;
    for (const starter of this.#starters.splice(0)) starter.reject(error);
    this.#settleReload(error);
  }

  async stop(drain: boolean): Promise<void> {
    this.#isOver = true;
    this.#fail(new PipeworkError('RPC_CLOSED', `the pool of ${this.#settings.process.name} was stopped`));
    const gone = [...this.#all].map((member) => {
      this.#end(member, member.state === 'ready' ? (drain ? 'drain' : 'quit') : 'kill');
      return member.process.gone;
    });
    await Promise.all(gone);
  }

  /** One timer for what comes with time: idle processes end, old ones are replaced. */
  #sweepLater(): void {
    const { idleMs, recycle, process } = this.#settings;
    const everyMs = Math.min(idleMs, recycle.ageMs ?? Infinity) / 4;
    if (this.#cancelSweep !== undefined || everyMs === Infinity || this.#all.size === 0) return;
    this.#cancelSweep = process.clock.after(
      everyMs,
      () => {
        this.#cancelSweep = undefined;
        this.#sweep();
        this.#sweepLater();
      },
      { holdsLoop: false },
    );
  }

  #sweep(): void {
    const { idleMs, min, recycle, process } = this.#settings;
    const now = process.clock.now();
    for (const member of this.ready) {
      if (this.#host.running(member) > 0) member.lastUse = now;
      else if (now - member.lastUse >= idleMs && this.ready.length > min) this.#end(member, 'quit');
      if (recycle.ageMs !== undefined && now - member.readyAt >= recycle.ageMs) this.#mark(member, 'ageMs');
    }
    if (this.ready.length === 0 && this.#settings.min === 0) {
      for (const member of this.#all) if (member.state === 'spare') this.#end(member, 'quit');
    }
  }
}
