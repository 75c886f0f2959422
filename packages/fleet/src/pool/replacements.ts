/**
 * Replaces each process that has passed a limit, and every process in a reload. Processes are replaced one at
 * a time, and each ends only after its successor is ready.
 */
import { defer, type Deferred } from '../deferred.ts';
import type { Mark, Member, Version } from './member.ts';

export interface ReplacementsHost<P> {
  /** Every process that is not gone. */
  readonly all: ReadonlySet<Member<P>>;
  /** False while a restart delay runs, and after the end of the pool. */
  readonly mayLaunch: boolean;
  /**
   * If a spare of this version is ready, returns it, and no longer counts it as a spare. The returned process
   * does not accept calls yet.
   */
  takeSpare(version: Version): Member<P> | undefined;
  launchSuccessor(version: Version): Member<P>;
  open(member: Member<P>): void;
  /** Lets the process finish its running calls, and then ends it. */
  drain(member: Member<P>, reason: 'recycled' | 'reloaded'): void;
  /**
   * Calls `act` after the delay before attempt number `attempt`. Returns a function that cancels the delay.
   */
  delay(attempt: number, act: () => void): () => void;
}

export class Replacements<P> {
  readonly #host: ReplacementsHost<P>;
  /**
   * The version of new processes. A reload changes it as soon as the first process of the new version is
   * ready.
   */
  #version: Version;
  /**
   * The version of successors. A reload sets this to the requested version, and sets it back to `#version` if
   * a successor does not become ready.
   */
  #target: Version;
  #nextVersion = 1;
  #current: { readonly old: Member<P>; readonly successor: Member<P> } | undefined;
  #reload: Deferred | undefined;
  #recycled = 0;
  /** How many successors have failed in a row. Counts only successors of processes that passed a limit. */
  #failures = 0;
  /**
   * Cancels the delay before the next successor of a process that passed a limit; undefined if no delay runs.
   */
  #cancelDelay: (() => void) | undefined;

  constructor(host: ReplacementsHost<P>, version: Version) {
    this.#host = host;
    this.#version = version;
    this.#target = version;
  }

  get version(): Version {
    return this.#version;
  }

  /** How many processes were replaced because they had passed a limit. */
  get recycled(): number {
    return this.#recycled;
  }

  get isReloading(): boolean {
    return this.#reload !== undefined;
  }

  isSuccessor(member: Member<P>): boolean {
    return this.#current?.successor === member;
  }

  /** Notes that the process has passed a limit. */
  mark(member: Member<P>, mark: Mark): void {
    member.mark ??= mark;
    this.next();
  }

  /**
   * Replaces every process by one that runs `command`, or the present command if `command` is undefined.
   * Resolves once all are replaced. Rejects if a successor does not become ready. Processes that were not
   * replaced before that failure are kept.
   */
  reload(command: Version['command'] | undefined): Promise<void> {
    this.#target = { number: this.#nextVersion++, command: command ?? this.#target.command };
    for (const member of this.#host.all) if (member.state === 'ready') member.mark = 'reload';
    this.#reload ??= defer();
    const { promise } = this.#reload;
    this.next();
    return promise;
  }

  /**
   * Starts the successor of the next marked process. Replaces one process at a time, because otherwise
   * processes of the same age would all be replaced together.
   */
  next(): void {
    if (this.#current !== undefined) return;
    const isDue = ({ state, mark }: Member<P>): boolean =>
      state === 'ready' && mark !== undefined && (mark === 'reload' || this.#cancelDelay === undefined);
    const old = [...this.#host.all].find(isDue);
    if (old === undefined) return this.#settleIfDone();
    if (!this.#host.mayLaunch) return;
    const spare = this.#host.takeSpare(this.#target);
    this.#current = { old, successor: spare ?? this.#host.launchSuccessor(this.#target) };
    if (spare !== undefined) this.#host.open(spare);
  }

  /**
   * Called when a process begins to accept calls. If the process was starting when a reload began, it has the
   * old version and must be replaced.
   */
  opened(member: Member<P>): void {
    if (member.version !== this.#target && this.#reload !== undefined) member.mark = 'reload';
    const current = this.#current;
    if (current?.successor === member) {
      this.#current = undefined;
      if (member.version === this.#target) this.#version = this.#target;
      this.#failures = 0;
      const { mark } = current.old;
      if (mark !== 'reload') this.#recycled += 1;
      this.#host.drain(current.old, mark === 'reload' ? 'reloaded' : 'recycled');
    }
    this.next();
  }

  /**
   * Called when a process leaves, for whatever reason. If its successor was starting, the successor becomes
   * an ordinary process.
   */
  left(member: Member<P>): void {
    if (this.#current?.old === member) this.#current = undefined;
  }

  /**
   * Called when a process did not become ready. Returns true if the process was a successor. Such a failure
   * is not counted, because the old process continues. If the old process has passed a limit, another
   * successor is tried after a delay.
   */
  failed(member: Member<P>, error: Error): boolean {
    if (this.#current?.successor !== member) return false;
    const isReload = this.#current.old.mark === 'reload';
    this.#current = undefined;
    // If a further reload has asked for another version meanwhile, `next()` tries that version.
    if (isReload && member.version === this.#target) this.fail(error);
    if (!isReload) this.#tryLater();
    return true;
  }

  #tryLater(): void {
    this.#cancelDelay = this.#host.delay(this.#failures, () => {
      this.#cancelDelay = undefined;
      this.next();
    });
    this.#failures += 1;
  }

  /** Cancels the delay before the next successor. */
  stop(): void {
    this.#cancelDelay?.();
    this.#cancelDelay = undefined;
  }

  /** Rejects the running reload. The last version with which a process became ready remains in use. */
  fail(error: Error): void {
    this.#target = this.#version;
    for (const member of this.#host.all) if (member.mark === 'reload') member.mark = undefined;
    this.#reload?.reject(error);
    this.#reload = undefined;
  }

  #settleIfDone(): void {
    if (this.#reload === undefined) return;
    for (const { state, version } of this.#host.all)
      if (state === 'starting' && version !== this.#target) return;
    this.#version = this.#target;
    this.#reload.resolve();
    this.#reload = undefined;
  }
}
