/** A small shell beside one plugin: ends a sandbox whose host dies while it starts, and keeps a control group until its counts were read. */

import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { read } from './system.ts';

/** Where the keeper tells the group's name, and listens to the host. */
export const keeperDescriptor = 6;

/** What leads a user's programs to the systemd of that user. */
export const busVariables: readonly string[] = ['XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS'];

/**
 * A script for sh that becomes the command behind it, and leaves the keeper. It tells the lines of its control groups first if `hasGroup`,
 * and an empty line in any case. systemd removes a group with its last process, and the kernel's counts with it: so the keeper stays until
 * the host closes its end, or dies.
 *
 * If `isSandbox`, the command is bubblewrap in a process group of its own. Its first process inside asks late for its parent's death, so
 * that a host that dies before would leave it. The keeper ends all of it if the host's end closes without a line from the host.
 */
export function keeperScript({ hasGroup, isSandbox }: { hasGroup: boolean; isSandbox: boolean }): string {
  const guard = `read -r _ || kill -KILL 0`;
  // No program is taken from PATH, which is the plugin's.
  const lines = [
    ...(hasGroup
      ? [
          `unset ${busVariables.join(' ')}`,
          `while IFS= read -r line; do printf '%s\\n' "$line"; done </proc/self/cgroup >&${keeperDescriptor}`,
        ]
      : []),
    `echo >&${keeperDescriptor}`,
    `(trap '' HUP INT TERM; { ${isSandbox ? `${guard}; ` : ''}while read -r _; do :; done; } <&${keeperDescriptor} >/dev/null 2>&1 3<&- 4<&- 5<&- &)`,
    // A sandbox reads its filter from the descriptor before.
    `exec "$@" ${keeperDescriptor}<&-${isSandbox ? '' : ` ${keeperDescriptor - 1}<&-`}`,
  ];
  return lines.join('\n');
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

/** As long as a signal waits at most for the keeper, in milliseconds. */
const patienceMs = 1_000;

/** The host's end of one keeper. */
export class Keeper {
  /** Whether no signal needs to wait any more: the keeper is there, and the plugin in its group. */
  isSettled = false;
  readonly #pipe: Duplex;
  readonly #hasGroup: boolean;
  readonly #isTold: Promise<unknown>;
  #told = '';

  /** `pipe` leads to {@link keeperDescriptor} of the plugin. */
  constructor(pipe: Duplex, hasGroup: boolean) {
    this.#pipe = pipe;
    this.#hasGroup = hasGroup;
    // A reset comes before it, and says no more.
    const closed = new Promise((resolve) => pipe.once('close', resolve));
    this.#isTold = new Promise((resolve) => {
      void closed.then(resolve);
      pipe.on('data', (piece: Buffer) => {
        this.#told += piece.toString();
        if (/(^|\n)\n$/.test(this.#told)) resolve(undefined);
      });
    });
  }

  /**
   * Resolves once the keeper is there, or nothing is, or after a moment. systemd keeps an empty group forever if its first process was
   * killed on the way into it.
   */
  async settle(): Promise<void> {
    const timer = new AbortController();
    const late = sleep(patienceMs, undefined, { ref: false, signal: timer.signal }).catch(() => {});
    await Promise.race([this.#isTold, late]);
    timer.abort();
    this.isSettled = true;
  }

  /** The number of processes of the group that the kernel has ended because memory ran out. It is 0 if there is no group yet. */
  get kills(): number {
    return killsIn(this.#told);
  }

  /** Tells the keeper that the sandbox is up. From now on the sandbox ends by itself when its host ends. */
  release(): void {
    this.#pipe.write('\n');
    if (!this.#hasGroup) this.#pipe.end();
  }

  /** Reads the count for the last time, and releases the keeper. Resolves once the keeper is gone. */
  async leave(): Promise<number> {
    await this.#isTold;
    const { kills } = this;
    if (this.#pipe.destroyed || this.#pipe.writableEnded) return kills;
    const closed = new Promise((resolve) => this.#pipe.once('close', resolve));
    this.release();
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
