/** The control group that systemd makes for one plugin, kept until its counts have been read. Linux. */

import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { read } from './system.ts';

/** Where the keeper of a group tells the group's name, and waits for the host to let go of it. */
export const groupDescriptor = 6;

/** What leads a user's programs to the systemd of that user. */
export const busVariables: readonly string[] = ['XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS'];

/**
 * A script for sh, run inside the group, that becomes the command behind it. systemd removes a group with its last process, and the
 * kernel's counts with it. So the script first tells the group's name, with an empty line behind it, and leaves a keeper: a process that
 * holds the group until the host closes its end, or dies. The keeper takes no program from `PATH`. `closed` are descriptors that the
 * command must not have.
 */
export function keeperScript(closed: readonly number[]): string {
  const close = closed.map((descriptor) => ` ${descriptor}<&-`).join('');
  return [
    `unset ${busVariables.join(' ')}`,
    `while IFS= read -r line; do printf '%s\\n' "$line"; done </proc/self/cgroup >&${groupDescriptor}`,
    `echo >&${groupDescriptor}`,
    `(trap '' HUP INT TERM; while read -r _; do :; done <&${groupDescriptor} >/dev/null 2>&1 3<&- 4<&- 5<&- &)`,
    `exec "$@"${close}`,
  ].join('\n');
}

/** Where systemd mounts control groups. */
const mountPoint = '/sys/fs/cgroup';

/** A script for sh. Prints the limit of memory of a group, its own if no file is given, in either version of control groups. */
export function limitScript(group = '/proc/self/cgroup', root: string = mountPoint): string {
  return `while IFS=: read -r _ kinds path; do case $kinds in
'') file=${root}$path/memory.max;;
memory) file=${root}/memory$path/memory.limit_in_bytes;;
*) continue;; esac
[ ! -r "$file" ] || { read -r limit <"$file"; echo "$limit"; }; done <${group}`;
}

/** As long as a signal waits at most for the group, in milliseconds. */
const patienceMs = 1_000;

/** The host's end of one group. */
export class ControlGroup {
  /** Whether nothing needs to wait for the group any more: the plugin is in it, or has none. */
  isSettled = false;
  readonly #pipe: Duplex;
  readonly #isTold: Promise<unknown>;
  #told = '';

  /** `pipe` leads to {@link groupDescriptor} of the plugin. */
  constructor(pipe: Duplex) {
    this.#pipe = pipe;
    const closed = once(pipe, 'close');
    this.#isTold = new Promise((resolve) => {
      void closed.then(resolve);
      pipe.on('data', (piece: Buffer) => {
        this.#told += piece.toString();
        if (this.#told.endsWith('\n\n')) resolve(undefined);
      });
    });
  }

  /**
   * Resolves once the plugin is in its group, or has none, or after a moment. systemd keeps an empty group forever if its first process was
   * killed on the way into it.
   */
  async settle(): Promise<void> {
    const timer = new AbortController();
    const late = sleep(patienceMs, undefined, { ref: false, signal: timer.signal }).catch(() => {});
    await Promise.race([this.#isTold, late]);
    timer.abort();
    this.isSettled = true;
  }

  /** How many processes of the group the kernel has ended for want of memory. 0 if there is no group, or not yet. */
  get kills(): number {
    return killsIn(this.#told);
  }

  /** Reads the count for the last time, and lets go of the group. Resolves once the keeper is gone. */
  async leave(): Promise<number> {
    await this.#isTold;
    const { kills } = this;
    if (this.#pipe.destroyed) return kills;
    const closed = once(this.#pipe, 'close');
    this.#pipe.end();
    await closed;
    return kills;
  }
}

/**
 * How many processes the kernel has ended in the group of these lines of /proc/PID/cgroup. They are `0::/path` (version 2) and
 * `4:memory:/path` (version 1). 0 if it does not tell.
 */
export function killsIn(lines: string, root: string = mountPoint): number {
  for (const [, kinds, path] of lines.matchAll(/^\d+:(|memory):(.+)$/gm)) {
    const file = kinds === '' ? `${path}/memory.events` : `/memory${path}/memory.oom_control`;
    const count = /^oom_kill (\d+)$/m.exec(read(`${root}${file}`))?.[1];
    if (count !== undefined) return Number(count);
  }
  return 0;
}
