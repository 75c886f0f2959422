/** Replaces processes one at a time, each successor started first: those that have passed a limit, and all of them in a reload. */
import { defer, type Deferred } from '../deferred.ts';
import type { Mark, Member, Version } from './member.ts';

export interface ReplacementsHost<P> {
  /** Every process that is not gone. */
  readonly all: ReadonlySet<Member<P>>;
  /** False while a restart delay runs, and after the end. */
  readonly mayLaunch: boolean;
  /** Takes the spare, if a ready one of this version is there. It is not yet open. */
  takeSpare(version: Version): Member<P> | undefined;
  launchSuccessor(version: Version): Member<P>;
  open(member: Member<P>): void;
  /** The process finishes what it runs, and ends. */
  drain(member: Member<P>, reason: 'recycled' | 'reloaded'): void;
}

export class Replacements<P> {
  readonly #host: ReplacementsHost<P>;
  /** What new processes run: the last version that became ready. */
  #version: Version;
  /** What successors run: a version that a reload has asked for, until it is known whether it becomes ready. */
  #target: Version;
  #nextVersion = 1;
  #current: { readonly old: Member<P>; readonly successor: Member<P> } | undefined;
  #reload: Deferred | undefined;
  #recycled = 0;

  constructor(host: ReplacementsHost<P>, version: Version) {
    this.#host = host;
    this.#version = version;
    this.#target = version;
  }

  get version(): Version {
    return this.#version;
  }

  /** Processes that were replaced because they had passed a limit. */
  get recycled(): number {
    return this.#recycled;
  }

  get isReloading(): boolean {
    return this.#reload !== undefined;
  }

  isSuccessor(member: Member<P>): boolean {
    return this.#current?.successor === member;
  }

  /** The process has passed a limit. */
  mark(member: Member<P>, mark: Mark): void {
    member.mark ??= mark;
    this.next();
  }

  /**
   * Replaces every process by one of `command`, or of the present one. Resolves once all are replaced. Rejects if a successor does not become
   * ready; then the processes that are left stay.
   */
  reload(command: Version['command'] | undefined): Promise<void> {
    this.#target = { number: this.#nextVersion++, command: command ?? this.#target.command };
    for (const member of this.#host.all) if (member.state === 'ready') member.mark = 'reload';
    this.#reload ??= defer();
    const { promise } = this.#reload;
    this.next();
    return promise;
  }

  /** Starts the successor of the next process that is marked. Processes of one age would otherwise all go together. */
  next(): void {
    if (this.#current !== undefined) return;
    const old = [...this.#host.all].find(({ state, mark }) => state === 'ready' && mark !== undefined);
    if (old === undefined) return this.#settleIfDone();
    if (!this.#host.mayLaunch) return;
    const spare = this.#host.takeSpare(this.#target);
    this.#current = { old, successor: spare ?? this.#host.launchSuccessor(this.#target) };
    if (spare !== undefined) this.#host.open(spare);
  }

  /** A process takes calls from now on. One of an older version, which was starting when a reload began, is to be replaced. */
  opened(member: Member<P>): void {
    if (member.version !== this.#target && this.#reload !== undefined) member.mark = 'reload';
    const current = this.#current;
    if (current?.successor === member) {
      this.#current = undefined;
      if (member.version === this.#target) this.#version = this.#target;
      const { mark } = current.old;
      if (mark !== 'reload') this.#recycled += 1;
      this.#host.drain(current.old, mark === 'reload' ? 'reloaded' : 'recycled');
    }
    this.next();
  }

  /** A process leaves, for whatever reason. Its successor becomes an ordinary process. */
  left(member: Member<P>): void {
    if (this.#current?.old === member) this.#current = undefined;
  }

  /** A process did not become ready. Returns true if that fails a reload, and is not counted therefore. */
  failed(member: Member<P>, error: Error): boolean {
    if (this.#current?.successor !== member) return false;
    const isReload = this.#current.old.mark === 'reload';
    this.#current = undefined;
    // If a further reload has asked for another version meanwhile, that one is tried.
    if (isReload && member.version === this.#target) this.fail(error);
    return isReload;
  }

  /** The reload that runs rejects. The version that last became ready holds. */
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
