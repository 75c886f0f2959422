/**
 * The process group of a plugin under test. A plugin, or a wrapper around it, may leave processes behind, and
 * these processes must end with the check.
 */
import { endWithHost } from '@pipework/core';
import type { ChildProcess } from 'node:child_process';

/** True if this system has process groups. */
export const hasGroups: boolean = process.platform !== 'win32';

/**
 * The process group that a spawned process leads. On Windows, this is only the spawned process. Call the
 * constructor right after the spawn.
 */
export class ProcessGroup {
  readonly #leader: ChildProcess;
  /** Ends the group if the suite's own process dies before the check has ended. */
  readonly #ending: Disposable;
  /** True if the leader has exited and other processes of the group ran at that moment. */
  #outlivesLeader = false;

  constructor(leader: ChildProcess) {
    this.#leader = leader;
    this.#ending = endWithHost(leader);
    // Right after the leader's exit, the group's id cannot belong to another group yet.
    leader.once('exit', () => {
      this.#outlivesLeader = hasGroups && exists(-(leader.pid ?? 0));
      if (!this.#outlivesLeader) this.#ending[Symbol.dispose]();
    });
  }

  /** Kills all processes of the group. Returns false if there is no process that may be killed. */
  kill(): boolean {
    const { pid } = this.#leader;
    this.#ending[Symbol.dispose]();
    if (pid === undefined || !this.#isOurs(pid)) return false;
    try {
      return process.kill(hasGroups ? -pid : pid, 'SIGKILL');
    } catch {
      // The group has ended, or it runs as another user.
      return false;
    }
  }

  /**
   * True if the id `pid` certainly belongs to this group. After the leader's exit, the system gives `pid` to
   * no other process while the group has a member. So if a process has this id again, the group has ended.
   */
  #isOurs(pid: number): boolean {
    const { exitCode, signalCode } = this.#leader;
    if (exitCode === null && signalCode === null) return true;
    return this.#outlivesLeader && !exists(pid);
  }
}

/** True if there is a process with the id `id`. A negative `id` stands for the process group `-id`. */
function exists(id: number): boolean {
  try {
    return process.kill(id, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
