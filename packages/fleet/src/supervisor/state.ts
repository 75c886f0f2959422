/**
 * Decides what a supervisor does: it takes an event and the time, and returns actions. This file has no I/O,
 * no promise and no timer, so that tests can try any sequence of events. docs/fleet.md draws the states.
 *
 * Independent facts are in independent fields, and `state` is derived from them. A process gets a number at
 * its launch. Until it is gone, it is in exactly one of `#current`, `#incoming`, `#spare` and `#leaving`. If
 * an event names another process, the event is dropped.
 */
import { RestartBudget } from '../restart-budget.ts';
import type { Action, StateOptions, SupervisorEvent, SupervisorState } from './events.ts';
import { SpareFacts } from './spare.ts';

/** A process that is about to become the current one. */
interface Incoming<C> {
  readonly process: number;
  readonly command: C;
  readonly isReload: boolean;
  /** Set if the reload began during a restart delay: the time when that delay would have been over. */
  readonly resumesAt?: number;
}

export class SupervisorFacts<C> {
  readonly #options: StateOptions<C>;
  #command: C;
  #nextProcess = 1;
  #current: { readonly process: number; readonly readyAt: number } | undefined;
  #incoming: Incoming<C> | undefined;
  readonly #spare = new SpareFacts();
  readonly #leaving = new Set<number>();
  /** The time when the restart delay is over; undefined if no delay runs. */
  #delayUntil: number | undefined;
  /** The unhealthy process that must be gone before the next one is launched. */
  #blockedBy: number | undefined;
  readonly #budget: RestartBudget;
  /** The reload that waits for the running start or reload. At most one waits. */
  #pending: { readonly command: C | undefined } | undefined;
  /**
   * The failure of the current process during a reload. This failure is counted if the reload fails as well.
   */
  #lostInReload: Error | undefined;
  #isIdle = false;
  #endedBy: 'given-up' | 'stopped' | undefined;
  #actions: Action<C>[] = [];

  constructor(options: StateOptions<C>) {
    this.#options = options;
    this.#command = options.command;
    this.#budget = new RestartBudget(options.restart, options.random);
  }

  get state(): SupervisorState {
    if (this.#endedBy !== undefined) return this.#endedBy;
    if (
      this.#incoming?.isReload === true &&
      (this.#current !== undefined || this.#lostInReload !== undefined)
    )
      return 'reloading';
    if (this.#incoming !== undefined) return 'starting';
    if (this.#current !== undefined) return 'ready';
    if (this.#delayUntil !== undefined || this.#blockedBy !== undefined) return 'waiting';
    return this.#isIdle ? 'idle' : 'new';
  }

  /** The number of the process that accepts calls. */
  get current(): number | undefined {
    return this.#current?.process;
  }

  /** Every process that is not gone. */
  get processes(): number[] {
    const held = [this.#current, this.#incoming, this.#spare.held].flatMap((one) => one?.process ?? []);
    return [...held, ...this.#leaving];
  }

  /** Times of the failures within the window, for tests. */
  get failures(): readonly number[] {
    return this.#budget.failures;
  }

  /** Handles an event, and returns the actions, in order. */
  handle(event: SupervisorEvent<C>, now: number): readonly Action<C>[] {
    this.#actions = [];
    if (event.type === 'gone') this.#gone(event.process, now);
    else if (this.#endedBy !== 'stopped') this.#decide(event, now);
    return this.#actions;
  }

  #decide(event: SupervisorEvent<C>, now: number): void {
    switch (event.type) {
      case 'wanted':
      case 'start':
        if (event.type === 'start') this.#revive();
        if (this.state === 'new' || this.state === 'idle') this.#launch({ isReload: false });
        return;
      case 'reload':
        return this.#reload(event.command);
      case 'changed':
        if (this.state !== 'new' && this.state !== 'idle') this.#reload(undefined);
        return;
      case 'stop':
        return this.#stop(event.drain, event.cause);
      case 'ready':
        return this.#ready(event.process, now);
      case 'failed':
        return this.#failed(event.process, event.error, event.isPermanent, now);
      case 'ended':
        return this.#ended(event.process, event.error, now);
      case 'unhealthy':
        return this.#unhealthy(event.process, event.error, now);
      case 'unused':
        return this.#sleep();
      case 'delay-over':
        this.#delayUntil = undefined;
        return this.#launchIfDue();
      case 'spare-delay-over':
        return this.#launchSpare();
      case 'gone':
        return;
    }
  }

  #do(...actions: Action<C>[]): void {
    this.#actions.push(...actions);
  }

  #launch(options: { isReload: boolean; command?: C | undefined; resumesAt?: number }): void {
    const { isReload, command = this.#command, resumesAt } = options;
    const process = this.#nextProcess++;
    this.#isIdle = false;
    this.#incoming = { process, command, isReload, ...(resumesAt === undefined ? {} : { resumesAt }) };
    this.#do({ do: 'launch', process, command, isReload });
  }

  /** After the supervisor has given up, start() and reload() start it again. */
  #revive(): void {
    if (this.#endedBy !== 'given-up') return;
    this.#endedBy = undefined;
    this.#budget.reset();
    this.#spare.hope();
  }

  #reload(command: C | undefined): void {
    this.#revive();
    if (this.#incoming !== undefined) {
      this.#pending = { command: command ?? this.#pending?.command };
      return;
    }
    this.#beginReload(command);
  }

  #beginReload(command: C | undefined): void {
    this.#do({ do: 'begin-reload' });
    this.#spare.hope();
    // If `#blockedBy` is set and no delay runs, the restart delay is over already.
    const resumesAt = this.#delayUntil ?? (this.#blockedBy === undefined ? undefined : 0);
    if (this.#delayUntil !== undefined) {
      this.#delayUntil = undefined;
      this.#do({ do: 'cancel-delay', which: 'restart' });
    }
    this.#blockedBy = undefined;
    this.#launch({ isReload: true, command, ...(resumesAt === undefined ? {} : { resumesAt }) });
  }

  /** Begins the reload in `#pending`, if there is one. */
  #runPending(): void {
    if (this.#pending === undefined || this.#incoming !== undefined || this.#endedBy !== undefined) return;
    const { command } = this.#pending;
    this.#pending = undefined;
    this.#beginReload(command);
  }

  #ready(process: number, now: number): void {
    if (this.#spare.isAt(process)) return this.#spare.ready(process);
    const incoming = this.#incoming;
    if (incoming?.process !== process) return;
    const old = this.#current;
    const oldSpare = incoming.isReload ? this.#spare.take() : undefined;
    this.#incoming = undefined;
    this.#lostInReload = undefined;
    this.#command = incoming.command;
    this.#becomeCurrent(process, now);
    if (old !== undefined) this.#retire(old.process, 'drain');
    if (oldSpare !== undefined) this.#retire(oldSpare.process, 'quit');
    this.#do({ do: 'settle-start' });
    if (incoming.isReload) this.#do({ do: 'settle-reload' });
    this.#launchSpare();
    this.#runPending();
  }

  #becomeCurrent(process: number, now: number): void {
    this.#current = { process, readyAt: now };
    this.#do({ do: 'take-over', process });
  }

  #retire(process: number, how: 'drain' | 'quit' | 'kill'): void {
    this.#leaving.add(process);
    this.#do({ do: 'retire', process, how });
  }

  #failed(process: number, error: Error, isPermanent: boolean, now: number): void {
    if (this.#spare.isAt(process)) return this.#spareFailed(process, isPermanent);
    const incoming = this.#incoming;
    if (incoming?.process !== process) return;
    this.#incoming = undefined;
    this.#leaving.add(process);
    const lost = this.#lostInReload;
    this.#lostInReload = undefined;
    if (incoming.isReload) this.#do({ do: 'settle-reload', error });
    if (incoming.isReload && this.#current !== undefined) {
      // The old process continues, and nothing is counted.
    } else if (incoming.resumesAt !== undefined) {
      this.#wait(Math.max(0, incoming.resumesAt - now), now);
    } else if (isPermanent && lost === undefined) {
      this.#giveUp('another start with the same configuration cannot succeed', error);
    } else {
      this.#countAndWait(lost ?? error, now);
    }
    this.#runPending();
  }

  #spareFailed(process: number, isPermanent: boolean): void {
    this.#leaving.add(process);
    const attempt = this.#spare.failed(isPermanent);
    if (attempt === undefined || this.#options.restart === false) return;
    this.#do({ do: 'delay', which: 'spare', ms: this.#budget.delayOf(attempt) });
  }

  #launchSpare(): void {
    if (!this.#options.hasSpare || !this.#spare.isWanted) return;
    if (this.#current === undefined || this.#endedBy !== undefined) return;
    const process = this.#nextProcess++;
    this.#spare.launched(process);
    this.#do({ do: 'launch', process, command: this.#command, isReload: false });
  }

  #ended(process: number, error: Error, now: number): void {
    if (this.#incoming?.process === process) return this.#failed(process, error, false, now);
    if (this.#spare.isAt(process)) return this.#spareFailed(process, false);
    if (this.#current?.process !== process) return;
    this.#leaving.add(process);
    this.#lose(error, now);
  }

  #unhealthy(process: number, error: Error, now: number): void {
    if (this.#current?.process !== process) return;
    this.#retire(process, 'kill');
    this.#blockedBy = process;
    this.#lose(error, now);
  }

  /** Handles the loss of the current process, which is already in `#leaving`. */
  #lose(error: Error, now: number): void {
    const { readyAt } = this.#current!;
    this.#current = undefined;
    this.#budget.credit(now - readyAt);
    const spare = this.#spare.held;
    if (this.#incoming !== undefined && spare?.isReady !== true) {
      this.#blockedBy = undefined;
      this.#lostInReload = error;
      return;
    }
    if (spare === undefined) return this.#countAndWait(error, now);
    if (!this.#count(error, now)) return;
    this.#spare.take();
    this.#blockedBy = undefined;
    if (spare.isReady) {
      this.#becomeCurrent(spare.process, now);
      this.#do({ do: 'delay', which: 'spare', ms: this.#budget.nextDelay() });
    } else {
      this.#budget.skipDelay();
      this.#incoming = { process: spare.process, command: this.#command, isReload: false };
    }
  }

  /** Counts a failure. Returns true if another restart is allowed. Otherwise the supervisor has given up. */
  #count(error: Error, now: number): boolean {
    const reason = this.#budget.count(now);
    if (reason !== undefined) this.#giveUp(reason, error);
    return reason === undefined;
  }

  #countAndWait(error: Error, now: number): void {
    if (this.#count(error, now)) this.#wait(this.#budget.nextDelay(), now);
  }

  #wait(ms: number, now: number): void {
    this.#delayUntil = now + ms;
    this.#do({ do: 'delay', which: 'restart', ms });
  }

  #launchIfDue(): void {
    if (this.#delayUntil !== undefined || this.#endedBy !== undefined) return;
    if (this.#incoming !== undefined || this.#current !== undefined) return;
    if (this.#blockedBy !== undefined && this.#leaving.has(this.#blockedBy)) return;
    this.#blockedBy = undefined;
    this.#launch({ isReload: false });
  }

  #gone(process: number, now: number): void {
    // Usually an earlier `ended` or `failed` event has moved the process to `#leaving`.
    if (!this.#leaving.has(process)) this.#ended(process, new Error(`process ${process} has gone`), now);
    this.#leaving.delete(process);
    if (this.#blockedBy === process && this.#delayUntil === undefined) this.#launchIfDue();
  }

  #sleep(): void {
    if (this.state !== 'ready') return;
    this.#retire(this.#current!.process, 'quit');
    this.#current = undefined;
    this.#retireSpare('quit');
    this.#isIdle = true;
  }

  #retireSpare(how: 'drain' | 'quit' | 'kill'): void {
    this.#do({ do: 'cancel-delay', which: 'spare' });
    const spare = this.#spare.take();
    if (spare !== undefined) this.#retire(spare.process, how);
  }

  #giveUp(reason: string, error: Error): void {
    this.#endedBy = 'given-up';
    this.#clear('quit', 'quit');
    this.#do({ do: 'give-up', reason, error });
  }

  #stop(drain: boolean, cause: unknown): void {
    this.#endedBy = 'stopped';
    this.#clear(drain ? 'drain' : 'quit', 'kill');
    this.#do({ do: 'stop', ...(cause === undefined ? {} : { cause }) });
  }

  /** Makes every process leave, and ends every delay. */
  #clear(how: 'drain' | 'quit', incomingHow: 'quit' | 'kill'): void {
    this.#do({ do: 'cancel-delay', which: 'restart' });
    this.#delayUntil = undefined;
    this.#blockedBy = undefined;
    this.#lostInReload = undefined;
    this.#pending = undefined;
    this.#isIdle = false;
    this.#retireSpare('quit');
    if (this.#incoming !== undefined) {
      const { process } = this.#incoming;
      this.#incoming = undefined;
      this.#retire(process, incomingHow);
    }
    if (this.#current !== undefined) {
      const { process } = this.#current;
      this.#current = undefined;
      this.#retire(process, how);
    }
  }
}
