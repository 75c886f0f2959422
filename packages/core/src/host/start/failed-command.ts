/** The facts from which the notes on a failed start are made. */

import type { StartErrorCode } from './start-error.ts';

/** The facts about a command at the time when it failed. */
export interface FailedCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly exitCode: number | null | undefined;
  /** The reason why there is no process, if the spawn or the launcher failed. */
  readonly spawnFailure: unknown;
  /** True if the launcher had not returned a process when the start was given up. */
  readonly isLaunching: boolean;
  /** The last part of the process's raw standard error. */
  readonly stderr: string;
  /** The last part of the process's raw standard output. */
  readonly stdout: string;
  /** How the start failed. */
  readonly code: StartErrorCode;
  /**
   * True if the program is on this system and can be examined. A launcher may run the program in a container
   * or on another machine, or make no process at all.
   */
  readonly isLocal: boolean;
  /** The program and arguments that the launcher ran in place of the command. */
  readonly replacement: readonly string[] | undefined;
  /** Sentences that the launcher adds about the command. */
  readonly launcherNotes: readonly string[];
}
