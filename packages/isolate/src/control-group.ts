/**
 * The control group that systemd makes for one plugin. It is kept until its counts have been read. Linux
 * only.
 */

import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { read } from './system.ts';

/**
 * The descriptor on which the keeper of a group sends the group's name, and waits until the host releases the
 * group.
 */
export const groupDescriptor = 6;

/** The variables by which a user's programs find the systemd of that user. */
export const busVariables: readonly string[] = ['XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS'];

/**
 * A script for sh, which runs inside the group and becomes the command after it. systemd removes a group with
 * its last process, and the kernel's counts with it. So the script first sends the group's name, followed by
 * an empty line, and leaves a keeper. The keeper is a process that holds the group until the host closes its
 * end, or dies. It runs no program from `PATH`. `closed` are descriptors that the command must not have.
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

/** The place where systemd mounts control groups. */
const mountPoint = '/sys/fs/cgroup';

/**
 * A script for sh. It prints the memory limit of a group, in either version of control groups. If no file is
 * given, that is its own group.
 */
export function limitScript(group = '/proc/self/cgroup', root: string = mountPoint): string {
  return `while IFS=: read -r _ kinds path; do case $kinds in
'') file=${root}$path/memory.max;;
memory) file=${root}/memory$path/memory.limit_in_bytes;;
*) continue;; esac
[ ! -r "$file" ] || { read -r limit <"$file"; echo "$limit"; }; done <${group}`;
}

/** How long a signal waits at most for the group, in milliseconds. */
const patienceMs = 1_000;

/** The host's end of one group. */
export class ControlGroup {
  /** True if nothing needs to wait for the group any more, because the plugin is in it, or has none. */
  isSettled = false;
  readonly #pipe: Duplex;
  readonly #isTold: Promise<unknown>;
  #told = '';

  /** `pipe` is connected to {@link groupDescriptor} of the plugin. */
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
   * Resolves once the plugin is in its group, or has none, or after a moment. If the first process of a group
   * was killed before it entered the group, systemd keeps the empty group without end.
   */
  async settle(): Promise<void> {
    const timer = new AbortController();
    const late = sleep(patienceMs, undefined, { ref: false, signal: timer.signal }).catch(() => {});
    await Promise.race([this.#isTold, late]);
    timer.abort();
    this.isSettled = true;
  }

  /**
   * How many processes of the group the kernel has killed because memory ran out. 0 if there is no group, or
   * not yet.
   */
  get kills(): number {
    return killsIn(this.#told);
  }

  /** Reads the count for the last time, and releases the group. Resolves once the keeper is gone. */
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
 * Returns how many processes the kernel has killed in the group that these lines of /proc/PID/cgroup name.
 * They are `0::/path` (version 2) and `4:memory:/path` (version 1). Returns 0 if the count cannot be read.
 */
export function killsIn(lines: string, root: string = mountPoint): number {
  for (const [, kinds, path] of lines.matchAll(/^\d+:(|memory):(.+)$/gm)) {
    const file = kinds === '' ? `${path}/memory.events` : `/memory${path}/memory.oom_control`;
    const count = /^oom_kill (\d+)$/m.exec(read(`${root}${file}`))?.[1];
    if (count !== undefined) return Number(count);
  }
  return 0;
}
