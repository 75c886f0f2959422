/** How a command ends: one table of statuses, and which of them an error is. docs/cli.md repeats the table; a test compares. */
import { isPipeworkError } from '@pipework/core';

const table = {
  answered: [0, 'Answered, or all well.'],
  found: [1, '`conformance` or `doctor` found something.'],
  usage: [2, 'The command line or an argument is wrong.'],
  failed: [4, 'The method failed.'],
  unknown: [5, 'The plugin has no such name or method.'],
  died: [6, 'The plugin died, or broke the protocol.'],
  notStarted: [7, 'The plugin did not start.'],
  deadline: [8, 'The time of `--timeout` passed.'],
  interrupted: [130, 'Ctrl-C.'],
} as const;

/** The names of the exit statuses, the keys of {@link exitStatuses}. */
export type ExitName = keyof typeof table;

/**
 * The exit statuses of the command `pipework` by name: for each its number, and what it means in a sentence.
 *
 * @example
 * ```ts
 * import { exitStatuses, run } from '@pipework/cli';
 *
 * const [died] = exitStatuses.died;
 * if ((await run(['call', 'greeter.greet', '"world"', '--', 'node', 'plugin.js'])) === died) console.log('it died');
 * ```
 */
export const exitStatuses: Readonly<Record<ExitName, readonly [status: number, meaning: string]>> = table;

/** The number of a status. */
export function statusOf(name: ExitName): number {
  return table[name][0];
}

/** A mistake in what the user typed. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The plugin did not start, told by another than core. */
export class NotStarted extends Error {
  override readonly name = 'NotStarted';
}

/** Ctrl-C. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';

  constructor() {
    super('interrupted');
  }
}

/** An error of a call, with the status that it means: only the call's own circumstances tell. */
export class CallFailed extends Error {
  override readonly name = 'CallFailed';
  readonly exit: ExitName;
  override readonly cause: unknown;

  constructor(exit: ExitName, cause: unknown) {
    super('the call failed');
    this.exit = exit;
    this.cause = cause;
  }
}

/** What is known of a call beside its error. A handler may throw errors with the same codes, about plugins of its own. */
export interface Circumstances {
  readonly method: string;
  /** The connection has ended. */
  readonly isClosed: boolean;
  /** The time that the call had is over. */
  readonly isLate: boolean;
}

/** Codes of arguments that this side refused to send. */
const refusedCodes: ReadonlySet<string> = new Set([
  'CONFIG_INVALID',
  'RPC_NOT_SERIALIZABLE',
  'RPC_TOO_DEEP',
  'RPC_MESSAGE_TOO_LARGE',
]);

/** Which status the error of a call means. */
export function exitOfCall(error: unknown, { method, isClosed, isLate }: Circumstances): ExitName {
  if (error instanceof UsageError) return 'usage';
  // A plugin in another language may give the error a class of its own.
  if (!isClosed && isUnknown(error, method)) return 'unknown';
  if (!isPipeworkError(error)) return 'failed';
  const { code, sent } = error;
  if (isClosed) return 'died';
  if (code === 'RPC_DEADLINE' && isLate) return 'deadline';
  return sent === false && refusedCodes.has(code) ? 'usage' : 'failed';
}

function isUnknown(error: unknown, method: string): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return error.code === 'RPC_UNKNOWN_METHOD' && error.message.includes(`can't find method Plugin.${method}`);
}

/** Codes with which a command fails because of its connection. */
const lostCodes: ReadonlySet<string> = new Set([
  'RPC_CLOSED',
  'RPC_PROTOCOL',
  'RPC_SHUTTING_DOWN',
  'PLUGIN_EXITED',
  'PLUGIN_LOST',
]);

/** Which status an error of a command means. */
export function exitNameOf(error: unknown): ExitName {
  if (error instanceof CallFailed) return error.exit;
  if (error instanceof UsageError) return 'usage';
  if (error instanceof Interrupted) return 'interrupted';
  if (error instanceof NotStarted) return 'notStarted';
  if (!isPipeworkError(error)) return 'failed';
  if (error.name === 'StartError') return 'notStarted';
  if (error.code === 'RPC_UNKNOWN_PLUGIN') return 'unknown';
  return lostCodes.has(error.code) ? 'died' : 'failed';
}
