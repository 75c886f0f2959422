/**
 * Defines the command's exit statuses, and chooses the status for an error. docs/cli.md repeats their table,
 * and a test compares the two.
 */
import { isPipeworkError, printable } from '@pipework/core';

/**
 * The exit statuses of the command `pipework` by name. Each entry has the number of the status and a sentence
 * with its meaning. The table and its entries are frozen.
 *
 * @example
 * ```ts
 * import { exitStatuses, run } from '@pipework/cli';
 *
 * const [died] = exitStatuses.died;
 * if ((await run(['call', 'greeter.greet', '"world"', '--', 'node', 'plugin.js'])) === died) console.log('it died');
 * ```
 */
export const exitStatuses = {
  answered: [0, 'The command did its work and found no problem.'],
  found: [1, '`conformance` or `doctor` found a problem.'],
  usage: [2, 'The command line or an argument is wrong.'],
  broken: [3, 'The command could not do its work, such as write its result.'],
  failed: [4, 'The method failed.'],
  unknown: [5, 'The plugin has no such name or method.'],
  died: [6, 'The plugin died, or broke the protocol.'],
  notStarted: [7, 'The plugin did not start.'],
  deadline: [8, 'The time of `--timeout` passed.'],
  interrupted: [130, 'Ctrl-C ended the command.'],
} as const;
Object.freeze(exitStatuses);
for (const row of Object.values(exitStatuses)) Object.freeze(row);

/** The names of the exit statuses, the keys of {@link exitStatuses}. */
export type ExitName = keyof typeof exitStatuses;

/** Returns the number of a status. */
export function statusOf(name: ExitName): number {
  return exitStatuses[name][0];
}

/** A mistake of the user in the command line or in standard input. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command itself found that the plugin did not start. If core finds this, it throws a StartError. */
export class NotStarted extends Error {
  override readonly name = 'NotStarted';
}

/** The command itself could not do its work, for a reason outside of the command line and the plugin. */
export class CommandBroken extends Error {
  override readonly name: string = 'CommandBroken';
}

/** The user pressed Ctrl-C. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';

  constructor() {
    super('interrupted');
  }
}

/**
 * The error of a call, with its exit status. The code that made the call chooses the status, because only
 * this code knows the circumstances of the call.
 */
export class CallFailed extends Error {
  override readonly name = 'CallFailed';
  readonly exit: ExitName;
  override readonly cause: unknown;
  /** What the user can do about the error. */
  readonly todo: string | undefined;

  constructor(exit: ExitName, cause: unknown, todo?: string) {
    super('the call failed');
    this.exit = exit;
    this.cause = cause;
    this.todo = todo;
  }
}

/**
 * Facts about a call besides its error. The error's code alone does not decide the status, because the
 * handler may be a host too. Such a handler can throw an error with the same code, about one of its own
 * plugins.
 */
export interface Circumstances {
  readonly method: string;
  /** True if the connection has ended. */
  readonly hasEnded: boolean;
  /** True if the call's deadline has passed. */
  readonly isLate: boolean;
}

/** Codes of the errors with which this side refuses to send arguments. */
const refusedCodes: ReadonlySet<string> = new Set([
  'CONFIG_INVALID',
  'RPC_NOT_SERIALIZABLE',
  'RPC_TOO_DEEP',
  'RPC_MESSAGE_TOO_LARGE',
]);

/** Returns the name of the exit status for an error of a call. */
export function exitOfCall(error: unknown, { method, hasEnded, isLate }: Circumstances): ExitName {
  if (error instanceof UsageError) return 'usage';
  // The codes are checked before the class, because a plugin in another language may send errors of its own
  // class.
  if (!hasEnded && isUnknown(error, method)) return 'unknown';
  if (!hasEnded && isRefusedInput(error, method)) return 'usage';
  // The plugin measures the deadline too. Its handler's error about the cancellation may arrive before this
  // side's own error.
  if (!hasEnded && isLate) return 'deadline';
  if (!isPipeworkError(error)) return 'failed';
  const { code, sent } = error;
  if (hasEnded) return 'died';
  return sent === false && refusedCodes.has(code) ? 'usage' : 'failed';
}

/** True if the error says that the plugin does not have the called method. */
export function isUnknown(error: unknown, method: string): error is Error {
  if (!(error instanceof Error) || !('code' in error)) return false;
  if (error.code !== 'RPC_UNKNOWN_METHOD') return false;
  return error.message.includes(unknownMethod(method)) || namesPrinted(error.message, method);
}

/**
 * Returns the protocol's message for a method that the plugin lacks. The code RPC_UNKNOWN_METHOD alone proves
 * nothing, because a handler may throw such an error about one of its own plugins.
 */
export const unknownMethod = (method: string): string => `can't find method Plugin.${method}`;

/**
 * True if the message names the method as `printable()` shows it. Core removes or escapes the control
 * characters in an error that it receives.
 */
function namesPrinted(message: string, method: string): boolean {
  const said = unknownMethod(printable(method));
  return message === said || message.startsWith(`${said}: `);
}

/** True if the error says that the contract of the called method refused the arguments. */
export function isRefusedInput(error: unknown, method: string): error is Error {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'RPC_INVALID_INPUT') return false;
  return [`${method}: args[`, `${method} takes `].some((beginning) => error.message.startsWith(beginning));
}

/**
 * Changes the message of a call's error to words that the user typed. The operand NAME.METHOD replaces the
 * method's name on the wire, and `argument 1` replaces `args[0]`. An error that the handler threw keeps its
 * text. Returns the error.
 */
export function asTyped(error: unknown, operand: string, method: string): unknown {
  if (isRefusedInput(error, method)) {
    const said = error.message.slice(method.length).replaceAll(/\bargs\[(\d+)\]([.[][^\s:]*)?/g, argument);
    error.message = `${operand}${said}`;
  } else if (isUnknown(error, method) || (isPipeworkError(error) && isOwn(error, method))) {
    const shown = printable(operand) === operand ? operand : JSON.stringify(operand);
    const onWire = `Plugin.${method}`;
    error.message = error.message.includes(onWire)
      ? error.message.replaceAll(onWire, shown)
      : error.message.replace(printable(onWire), shown);
  }
  return error;
}

/** True for an error that was made on this side of the connection. */
const isOwn = ({ sent, message }: Error & { readonly sent?: boolean }, method: string): boolean =>
  sent === false ||
  [`Plugin.${method} was `, `the stream of Plugin.${method} of `].some((beginning) =>
    message.startsWith(beginning),
  );

/** Returns the place of an argument in words: `argument 2 at .tags[0]`. */
const argument = (_: string, index: string, path = ''): string =>
  `argument ${Number(index) + 1}${path === '' ? '' : ` at ${path}`}`;

/** Codes of the errors with which a lost connection is reported. */
const lostCodes: ReadonlySet<string> = new Set([
  'RPC_CLOSED',
  'RPC_PROTOCOL',
  'RPC_SHUTTING_DOWN',
  'PLUGIN_EXITED',
  'PLUGIN_LOST',
]);

/** Returns the name of the exit status for an error of a command. */
export function exitNameOf(error: unknown): ExitName {
  if (error instanceof CallFailed) return error.exit;
  if (error instanceof UsageError) return 'usage';
  if (error instanceof Interrupted) return 'interrupted';
  if (error instanceof NotStarted) return 'notStarted';
  if (error instanceof CommandBroken) return 'broken';
  if (!isPipeworkError(error)) return 'failed';
  if (error.name === 'StartError') return 'notStarted';
  if (error.code === 'RPC_UNKNOWN_PLUGIN') return 'unknown';
  return lostCodes.has(error.code) ? 'died' : 'failed';
}
