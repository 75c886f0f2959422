/**
 * The keeper is a small shell beside one plugin. If the host dies while a sandbox starts, the keeper ends the
 * sandbox. The keeper also makes systemd keep a control group until the host has read the group's counts.
 */

import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { read } from './system.ts';

/** The descriptor on which the keeper sends the group's name, and listens to the host. */
export const keeperDescriptor = 6;

/** The variables by which a user's programs find the systemd of that user. */
const busVariables: readonly string[] = ['XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS'];

/** Returns the variables of this host that systemd-run needs. */
export function busEnvironment(): Readonly<Record<string, string>> {
  const entries = busVariables.map((name) => [name, process.env[name]] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/**
 * Returns a script for sh that starts the keeper and then becomes the command in the script's arguments. If
 * `hasGroup` is true, the script first sends the lines of its control groups to the host. In any case, the
 * script then sends an empty line. When the last process of a group ends, systemd removes the group, and the
 * kernel's counts are lost. So the keeper runs until the host closes its end of the pipe, or dies.
 *
 * If `isSandbox` is true, the command is bubblewrap, and leads its own process group. The first process
 * inside the sandbox asks the kernel to kill it when its parent dies, but only late in its setup. If the host
 * died before that request, the process would survive. So if the pipe closes before the host has sent a line,
 * the keeper ends the whole process group.
 */
export function keeperScript({ hasGroup, isSandbox }: { hasGroup: boolean; isSandbox: boolean }): string {
  const guard = `read -r _ || kill -KILL 0`;
  // The script uses only builtins of the shell, because the PATH in its environment is the plugin's.
  const lines = [
    ...(hasGroup
      ? [
          `unset ${busVariables.join(' ')}`,
          `while IFS= read -r line; do printf '%s\\n' "$line"; done </proc/self/cgroup >&${keeperDescriptor}`,
        ]
      : []),
    `echo >&${keeperDescriptor}`,
    `(trap '' HUP INT TERM; { ${isSandbox ? `${guard}; ` : ''}while read -r _; do :; done; } <&${keeperDescriptor} >/dev/null 2>&1 3<&- 4<&- 5<&- &)`,
    // For a sandbox, the descriptor of the filter is not closed, because bubblewrap reads the filter from it.
    `exec "$@" ${keeperDescriptor}<&-${isSandbox ? '' : ` ${keeperDescriptor - 1}<&-`}`,
  ];
  return lines.join('\n');
}

/** The place where systemd mounts control groups. */
const mountPoint = '/sys/fs/cgroup';

/**
 * Returns a script for sh that prints the memory limit of a control group of version 1 or 2. `group` is the
 * file that names the group, by default the one of the script's own group.
 */
export function limitScript(group = '/proc/self/cgroup', root: string = mountPoint): string {
  return `while IFS=: read -r _ kinds path; do case $kinds in
'') file=${root}$path/memory.max;;
memory) file=${root}/memory$path/memory.limit_in_bytes;;
*) continue;; esac
[ ! -r "$file" ] || { read -r limit <"$file"; echo "$limit"; }; done <${group}`;
}

/** The maximum time that a signal to the plugin waits for the keeper's empty line, in milliseconds. */
const patienceMs = 1_000;
/** How long a keeper may take to leave before it is killed, in milliseconds. */
const leavingMs = 500;

/** The host's side of one keeper. */
export class Keeper {
  /** True after {@link settle} has resolved. Until then, signals to the plugin must wait. */
  isSettled = false;
  readonly #pipe: Duplex;
  readonly #hasGroup: boolean;
  readonly #isTold: Promise<unknown>;
  #hasEnded = false;
  #told = '';

  /** `pipe` is connected to {@link keeperDescriptor} of the plugin. */
  constructor(pipe: Duplex, hasGroup: boolean) {
    this.#pipe = pipe;
    this.#hasGroup = hasGroup;
    // After a reset, the pipe emits 'close' too, so its error needs no listener here.
    const closed = new Promise<void>((resolve) => {
      pipe.once('close', () => {
        this.#hasEnded = true;
        resolve();
      });
    });
    this.#isTold = new Promise((resolve) => {
      void closed.then(resolve);
      pipe.on('data', (piece: Buffer) => {
        this.#told += piece.toString();
        if (/(^|\n)\n$/.test(this.#told)) resolve(undefined);
      });
    });
  }

  /**
   * Resolves as soon as the keeper has sent its empty line, the pipe has closed, or `patienceMs` has passed.
   * Signals are sent only after that. If the first process of a control group were killed before it entered
   * the group, systemd would never remove the empty group.
   */
  async settle(): Promise<void> {
    const timer = new AbortController();
    const late = sleep(patienceMs, undefined, { ref: false, signal: timer.signal }).catch(() => {});
    await Promise.race([this.#isTold, late]);
    timer.abort();
    this.isSettled = true;
  }

  /**
   * How many processes of the control group the kernel has killed because memory ran out. 0 if there is no
   * group, or if the group does not exist yet.
   */
  get kills(): number {
    return killsIn(this.#told);
  }

  /**
   * Tells the keeper that the sandbox is up. If the host dies from now on, the sandbox ends without the
   * keeper.
   */
  release(): void {
    this.#pipe.write('\n');
    if (!this.#hasGroup) this.#pipe.end();
  }

  /**
   * Reads {@link kills} for the last time, and releases the keeper. Resolves with the number of kills after
   * the keeper is gone. The keeper cannot leave if its whole process group was stopped. If it does not leave
   * within `leavingMs`, this method calls `end`, which must end the whole group if the plugin leads one. The
   * keeper is still in the group then, so the group's id cannot have passed to another group.
   */
  async leave(end: () => void): Promise<number> {
    await this.#isTold;
    const { kills } = this;
    if (this.#hasEnded) return kills;
    const closed = new Promise((resolve) => this.#pipe.once('close', resolve));
    if (!this.#pipe.writableEnded) {
      this.release();
      this.#pipe.end();
    }
    const late = setTimeout(() => {
      end();
      this.#pipe.destroy();
    }, leavingMs);
    await closed;
    clearTimeout(late);
    return kills;
  }
}

/**
 * Returns how many processes the kernel has killed in a control group. `lines` are the lines of
 * /proc/PID/cgroup that name the group. Such a line is `0::/path` in version 2 of control groups, and
 * `4:memory:/path` in version 1. Returns 0 if the count cannot be read.
 */
export function killsIn(lines: string, root: string = mountPoint): number {
  for (const [, kinds, path] of lines.matchAll(/^\d+:(|memory):(.+)$/gm)) {
    const file = kinds === '' ? `${path}/memory.events` : `/memory${path}/memory.oom_control`;
    const count = /^oom_kill (\d+)$/m.exec(read(`${root}${file}`))?.[1];
    if (count !== undefined) return Number(count);
  }
  return 0;
}
