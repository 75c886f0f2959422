/** Describes how a plugin ended: the exit report, the error that carries the report, and the text of both. */

import { PipeworkError } from '../../base/errors.ts';
import { inspectCustom, inspectPrintably } from '../../base/printable.ts';
import { isError } from '../../base/realm.ts';
import type { LaunchReport, ProcessExit } from '../launch/spawn.ts';

/**
 * The cause of a plugin's end. `plugin`: the plugin itself. `quit`: the host's request Quit. `eof`: the end
 * of the pipe. `sigterm` and `sigkill`: the host's signal. `none`: the plugin never ran.
 */
export type EndedBy = 'plugin' | 'quit' | 'eof' | 'sigterm' | 'sigkill' | 'none';

/**
 * The report on one plugin's end. `limit` is set if there is evidence that a limit ended the plugin. If
 * `limit` is `'memory'`, `outOfMemory` is true as well. `reason` and `held` are set if the launcher reports
 * them.
 */
export interface PluginExit extends LaunchReport {
  /** The exit code; null if a signal ended the plugin, or if the plugin never ran. */
  readonly code: number | null;
  /** The signal that ended the plugin; null if no signal did, or if the plugin never ran. */
  readonly signal: NodeJS.Signals | null;
  /** The step or the party that ended the plugin. */
  readonly by: EndedBy;
  /**
   * The last part of the plugin's standard error, at most 16 KiB. Raw and synced output are in the order of
   * arrival. The text may hold escape sequences.
   */
  readonly stderrTail: string;
  /**
   * True if there is evidence that the plugin ended because memory ran out. The evidence is the launcher's
   * `limit`, the runtime's message on standard error, or an out-of-memory kill that the kernel counted in the
   * control group. A SIGKILL alone is no evidence.
   */
  readonly outOfMemory: boolean;
  /**
   * True if another process still held descriptor 4 when the plugin's process was gone. The command is then a
   * wrapper, and the plugin that it started may still run. `processGroup` ends both.
   */
  readonly leftBehind: boolean;
  /** Milliseconds from the start of the process to its end. */
  readonly uptimeMs: number;
  /**
   * The methods of at most 100 calls that were not settled when the plugin ended. Cancelled calls, and calls
   * whose result was still being streamed, are included.
   */
  readonly callsInFlight: readonly string[];
}

/** The report on a plugin that never ran. */
export const neverRan: PluginExit = {
  code: null,
  signal: null,
  by: 'none',
  stderrTail: '',
  outOfMemory: false,
  leftBehind: false,
  uptimeMs: 0,
  callsInFlight: [],
};

/**
 * The error for a plugin process that ended, or closed its pipe, while the host expected an answer or more
 * data.
 */
export class PluginExitError extends PipeworkError<'PLUGIN_EXITED' | 'PLUGIN_LOST'> {
  /** The plugin's name. */
  readonly plugin: string;
  /** The report; undefined if the process had not ended when the error was made. */
  readonly exit: PluginExit | undefined;

  constructor(
    plugin: string,
    exit: PluginExit | undefined,
    options: { cause?: unknown; stderrTail?: string } = {},
  ) {
    const rest = 'cause' in options ? { cause: options.cause } : {};
    super(exit === undefined ? 'PLUGIN_LOST' : 'PLUGIN_EXITED', describe(plugin, exit, options), rest);
    this.name = 'PluginExitError';
    this.plugin = plugin;
    this.exit = exit;
    Object.defineProperty(this, inspectCustom, { value: inspectPrintably });
  }
}

/** Returns an exit in words: `exit code 3`, `signal SIGKILL, ended because it held 9 MiB`. */
export function describeExit(exit: ProcessExit & Partial<PluginExit>): string {
  const {
    code,
    signal,
    reason = exit.outOfMemory === true ? 'probably because the memory ran out' : '',
  } = exit;
  const how = signal !== null ? `signal ${signal}` : code === null ? 'no exit code' : `exit code ${code}`;
  return reason === '' ? how : `${how}, ${reason}`;
}

/**
 * Returns the warning about a process that was left behind. `isGroup` is true if the plugin's process group
 * was ended.
 */
export function describeLeftBehind(id: number | string, isGroup: boolean): string {
  const fact = `process ${id} is gone, but another one still holds its pipe (descriptor 4)`;
  return isGroup
    ? `${fact} and may run on: it has left the process group, which was ended`
    : `${fact}: the command is a wrapper, and the plugin that it started may run on; with processGroup: true both end`;
}

/** Returns the last lines of an output, indented under a heading. Empty if there is nothing to show. */
export function showTail(heading: string, tail: string, lines = 20): string {
  const shown = tail.trimEnd();
  if (shown === '') return '';
  const rows = shown.split('\n');
  const skipped = rows.length > lines ? [`… (${rows.length - lines} lines before)`] : [];
  return `\n${heading}:\n${[...skipped, ...rows.slice(-lines)].map((row) => `    ${row}`).join('\n')}`;
}

/**
 * Returns true if there is evidence that a process ended because memory ran out. `kernelKilled` is true if
 * the kernel counted a kill for lack of memory.
 */
export function ranOutOfMemory(exit: ProcessExit, stderrTail: string, kernelKilled: boolean): boolean {
  if (
    /JavaScript heap out of memory|Reached heap limit|MemoryError|fatal error: (runtime: )?out of memory/.test(
      stderrTail,
    )
  ) {
    return exit.code !== 0;
  }
  // A shell or a launcher reports SIGKILL as exit code 137.
  return kernelKilled && (exit.signal === 'SIGKILL' || exit.code === 137);
}

/**
 * The plugin's conduct in words, by the code of the error that ended the session. Any code that is not listed
 * means that the plugin broke the protocol.
 */
const conducts: Readonly<Record<string, string>> = {
  MUX_TRANSPORT_ENDED: 'closed its pipe',
  MUX_TRANSPORT_FAILED: 'closed its pipe',
  MUX_TRUNCATED: 'closed its pipe in the middle of a frame',
  MUX_REMOTE_ERROR: 'ended the session on its pipe',
  MUX_SESSION_CLOSED: 'was disconnected by this host',
  MUX_WRITE_TIMEOUT: 'does not answer on its pipe',
  MUX_KEEPALIVE_TIMEOUT: 'does not answer on its pipe',
};

/** True if `cause` shows that a session ended because the plugin broke the protocol. */
export function isBreach(cause: unknown): cause is Error {
  const code = isError(cause) ? String((cause as { code?: unknown }).code) : '';
  return code.startsWith('MUX_') && !Object.hasOwn(conducts, code);
}

/**
 * Returns text on how the pipe to a plugin was lost. If `cause` is an error, its message follows in
 * parentheses.
 */
export function describeLoss(cause: unknown): string {
  if (!isError(cause)) return 'closed its pipe';
  const conduct = conducts[String((cause as { code?: unknown }).code)] ?? 'broke the protocol on its pipe';
  return `${conduct} (${cause.message})`;
}

function describe(
  plugin: string,
  exit: PluginExit | undefined,
  { cause, stderrTail = '' }: { cause?: unknown; stderrTail?: string },
): string {
  if (exit === undefined) {
    const tail = showTail('its standard error ends with', stderrTail);
    return `plugin ${plugin} ${describeLoss(cause)} while its process runs on, so the host ends the process${tail}`;
  }
  const asked = exit.by === 'plugin' ? '' : ' (the host asked it to end)';
  const tail = showTail('its standard error ends with', exit.stderrTail);
  const left = exit.leftBehind ? '; another process still holds its pipe (see processGroup)' : '';
  // If the plugin broke the protocol before it exited, the exit alone does not explain the failure.
  const breach = isBreach(cause) ? ` ${describeLoss(cause)}, and` : '';
  return `plugin ${plugin}${breach} exited with ${describeExit(exit)} after ${Math.round(exit.uptimeMs)} ms${asked}${left}${tail}`;
}
