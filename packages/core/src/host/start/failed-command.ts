/** The facts from which the notes on a failed start are made. */

import type { StartErrorCode } from './start-error.ts';

/** What is known of the command when it failed. */
export interface FailedCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly exitCode: number | null | undefined;
  /** Why there is no process, if the spawn or the launcher failed. */
  readonly spawnFailure: unknown;
  /** Whether the launcher had not handed over a process when the start was given up. */
  readonly isLaunching: boolean;
  /** Raw standard error so far. */
  readonly stderr: string;
  /** Raw standard output so far. */
  readonly stdout: string;
  /** How the start failed. */
  readonly code: StartErrorCode;
  /** Whether the program is this system's to examine: a launcher may run it in a container, on another machine, or make no process at all. */
  readonly isLocal: boolean;
  /** What the launcher has to say about the command. */
  readonly launcherNotes: readonly string[];
}
