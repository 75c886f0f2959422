/** The error of a failed start: phase, command, time, exit, both outputs, and notes on the program. */

import { markSent, PipeworkError } from '../../base/errors.ts';
import { inspectCustom, inspectPrintably, printable } from '../../base/printable.ts';
import { describeExit, showTail } from '../end/exit.ts';
import type { ProcessExit } from '../launch/spawn.ts';
import { showCommand } from './show-command.ts';

/**
 * The phase of a start: the comparison of the checksum, the start of the process, or the wait for its
 * handshake line.
 */
export type StartPhase = 'checksum' | 'spawn' | 'handshake';

/** The codes of a failed start. The page Errors has the cause of each code, and the remedy. */
export type StartErrorCode =
  | 'PLUGIN_CHECKSUM'
  | 'PLUGIN_NOT_STARTED'
  | 'PLUGIN_ABORTED'
  | 'PLUGIN_KILLED'
  | 'HANDSHAKE_TIMEOUT'
  | 'HANDSHAKE_EXITED'
  | 'HANDSHAKE_CLOSED'
  | 'HANDSHAKE_UNRECOGNIZED'
  | 'HANDSHAKE_API_VERSION'
  | 'HANDSHAKE_NETWORK'
  | 'HANDSHAKE_PROTOCOL'
  | 'HANDSHAKE_VERSION';

/** The codes of failures that another attempt with the same configuration cannot fix. */
const permanentCodes: ReadonlySet<StartErrorCode> = new Set([
  'PLUGIN_CHECKSUM',
  'HANDSHAKE_API_VERSION',
  'HANDSHAKE_PROTOCOL',
  'HANDSHAKE_VERSION',
]);

/** The facts of a failed start. */
export interface StartFacts {
  /** The phase that the start had reached. */
  readonly phase: StartPhase;
  /** The file and its arguments. */
  readonly command: readonly string[];
  /** Milliseconds from the call of `start()` to the failure. */
  readonly elapsedMs: number;
  /**
   * How the process ended. Undefined if the process never ran, or if the client ended it after the failure.
   */
  readonly exit?: ProcessExit | undefined;
  /**
   * The last part of the process's raw standard output, at most 16 KiB, unchanged. It may hold escape
   * sequences.
   */
  readonly stdoutTail: string;
  /** The last part of the process's raw standard error, like `stdoutTail`. */
  readonly stderrTail: string;
  /** The results of examining the program, one sentence each. */
  readonly notes: readonly string[];
}

/**
 * A start that failed. The failure is final: each further `start()` or `client()` of the client rejects with
 * the same error.
 */
export class StartError extends PipeworkError<StartErrorCode> {
  /** The phase that the start had reached. */
  readonly phase: StartPhase;
  /** The file and its arguments. */
  readonly command: readonly string[];
  /** Milliseconds from the call of `start()` to the failure. */
  readonly elapsedMs: number;
  /**
   * The exit code of the process. Null if a signal ended the process. Undefined if the process never ran, or
   * if the client ended it after the failure.
   */
  readonly exitCode: number | null | undefined;
  /**
   * The signal that ended the process. The signal is null if the process exited, and undefined in the same
   * cases as `exitCode`.
   */
  readonly signal: NodeJS.Signals | null | undefined;
  /**
   * The last part of the process's raw standard output, at most 16 KiB. The text may hold escape sequences:
   * see {@link printable}.
   */
  readonly stdoutTail: string;
  /** The last part of the process's raw standard error, like `stdoutTail`. */
  readonly stderrTail: string;
  /** The results of examining the program, one sentence each, made printable. */
  readonly notes: readonly string[];
  /**
   * True if another attempt with the same configuration cannot succeed. The cause is then a wrong checksum,
   * the lack of a common version, another protocol or handshake, or a launcher's error with `permanent:
   * true`. False for every other failure.
   */
  readonly permanent: boolean;

  constructor(code: StartErrorCode, reason: string, facts: StartFacts, options?: { cause?: unknown }) {
    super(code, compose(reason, facts), options);
    this.name = 'StartError';
    this.phase = facts.phase;
    this.command = facts.command;
    this.elapsedMs = facts.elapsedMs;
    this.exitCode = facts.exit?.code;
    this.signal = facts.exit?.signal;
    this.stdoutTail = facts.stdoutTail;
    this.stderrTail = facts.stderrTail;
    this.notes = facts.notes.map(printable);
    this.permanent =
      permanentCodes.has(code) || (options?.cause as { permanent?: unknown } | undefined)?.permanent === true;
    Object.defineProperty(this, inspectCustom, { value: inspectPrintably });
    markSent(this, false);
  }
}

function compose(reason: string, facts: StartFacts): string {
  const exit = facts.exit === undefined ? '' : `, ${describeExit(facts.exit)}`;
  const notes = facts.notes.map((note) => `\n  note: ${note}`).join('');
  return [
    reason,
    `\n  phase: ${facts.phase}, after ${Math.round(facts.elapsedMs)} ms${exit}`,
    `\n  command: ${showCommand(facts.command)}`,
    notes,
    showTail('  its standard error ends with', facts.stderrTail),
    showTail('  its standard output ends with', facts.stdoutTail),
  ].join('');
}
