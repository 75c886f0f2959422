/**
 * Ends idle processes, and marks those that have passed a limit. The upkeep checks processes at intervals and
 * after calls.
 */
import { isInUse } from '../supervisor/activity.ts';
import type { Mark, Member } from './member.ts';
import type { PoolSettings } from './options.ts';
import { residentBytes } from './resident.ts';

export interface UpkeepHost<P> {
  /** The processes that accept calls. */
  readonly ready: Member<P>[];
  running(member: Member<P>): number;
  mark(member: Member<P>, mark: Mark): void;
  /** Called when the process was not used for `idleMs`. */
  endIdle(member: Member<P>): void;
  /** Called if no process accepts calls and `min` is 0. */
  endSpare(): void;
}

/** The minimum time between two measurements of a process's memory, in milliseconds. */
const measureEveryMs = 250;

/**
 * If a process passes `recycle.residentBytes` within fewer calls than this, the limit is probably too close
 * to the memory that a process needs at rest.
 */
const fewCalls = 10;

/** How often processes are checked within the shorter of `idleMs` and `recycle.ageMs`. */
const looks = 4;

export class Upkeep<P> {
  readonly #settings: PoolSettings<P>;
  readonly #host: UpkeepHost<P>;
  #cancel: (() => void) | undefined;
  #hasWarnedOfMemory = false;

  constructor(settings: PoolSettings<P>, host: UpkeepHost<P>) {
    this.#settings = settings;
    this.#host = host;
  }

  /** Begins to check the processes. Called once the first processes exist. */
  begin(): void {
    const { idleMs, recycle, process } = this.#settings;
    const everyMs = Math.min(idleMs, recycle.ageMs ?? Infinity) / looks;
    if (this.#cancel !== undefined || everyMs === Infinity) return;
    this.#cancel = process.clock.after(everyMs, () => this.#look(), { holdsLoop: false });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Called when a call at the process is over. Marks the process if it has passed a limit. */
  released(member: Member<P>): void {
    const { recycle, process } = this.#settings;
    const now = process.clock.now();
    member.lastUse = now;
    if (member.state !== 'ready' || member.mark !== undefined) return;
    if (recycle.calls !== undefined && member.answered >= recycle.calls)
      return this.#host.mark(member, 'calls');
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
        `a process of ${this.#settings.process.name} holds ${bytes} bytes after ${member.answered} calls, which is more than recycle.residentBytes (${limit}) allows. The pool will replace such processes again and again`,
        'PipeworkWarning',
      );
    }
    this.#host.mark(member, 'residentBytes');
  }

  #look(): void {
    this.#cancel = undefined;
    const { min, recycle, process } = this.#settings;
    const now = process.clock.now();
    for (const member of this.#host.ready) {
      this.#lookAt(member, now);
      if (recycle.ageMs !== undefined && now - member.readyAt! >= recycle.ageMs)
        this.#host.mark(member, 'ageMs');
    }
    const { length } = this.#host.ready;
    if (length === 0 && min === 0) this.#host.endSpare();
    if (length > 0) this.begin();
  }

  #lookAt(member: Member<P>, now: number): void {
    const { idleMs, min } = this.#settings;
    // A running health check counts as a call, so `diagnostics()` does not show whether the plugin is in use.
    const isChecked = member.health?.isChecking === true;
    if (this.#host.running(member) > 0 || (!isChecked && isInUse(member.process.rpc!.diagnostics())))
      member.lastUse = now;
    else if (!isChecked && now - member.lastUse >= idleMs && this.#host.ready.length > min)
      this.#host.endIdle(member);
  }
}
