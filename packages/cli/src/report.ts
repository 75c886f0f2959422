/** Shows an error, in words or as one line of JSON. */
import { inspect } from 'node:util';
import { isPipeworkError, printable, StartError } from '@pipework/core';
import {
  CallFailed,
  CommandBroken,
  exitNameOf,
  Interrupted,
  NotStarted,
  statusOf,
  UsageError,
} from './exit-status.ts';
import { styler, type Io } from './io.ts';
import { jsonText, membersOf, toJson } from './values.ts';

/** How deep the causes of errors and the members of AggregateErrors are shown. */
const maxDepth = 8;
/** How many members of one error are shown in words. */
const maxMembers = 8;
/**
 * The maximum number of entries that are shown below an error in words. The error's data, each cause and each
 * member are one entry each.
 */
const maxReasons = 64;

/** What the user can do about an error. */
export interface Hints {
  /** Lines that show how the command is typed. */
  readonly usage?: string;
  readonly todo?: string;
}

export function report(
  failure: unknown,
  io: Io,
  isForMachines: boolean,
  { usage, todo }: Hints = {},
): string {
  const status = statusOf(exitNameOf(failure));
  const error = failure instanceof CallFailed ? failure.cause : failure;
  if (isForMachines)
    return `${jsonText({ error: { status, ...factsOf(error, 0), ...(todo === undefined ? {} : { todo }) } })}\n`;
  const head = styler(io, 'stderr')('red', 'pipework:');
  const lines = [
    `${head} ${inWords(error)}`,
    ...(todo === undefined ? [] : [`  to do: ${printable(todo)}`]),
    ...(usage === undefined ? [] : [usage]),
  ];
  return `${lines.join('\n')}\n`;
}

/** Returns a warning in the form in which the command prints it. */
export function warningLine(
  message: string,
  io: Pick<Io, 'env' | 'stdout' | 'stderr'>,
  isForMachines: boolean,
): string {
  if (isForMachines) return `${jsonText({ warning: { message } })}\n`;
  return `${styler(io, 'stderr')('yellow', 'pipework: warning:')} ${indented(printable(message))}\n`;
}

/** Indents all lines of a text but the first, so that none of them looks like a message of the command. */
const indented = (text: string): string => text.replaceAll(/\n(?! {2})/g, '\n  ');

/**
 * Like {@link indented}, but indents by four spaces, so that no further line is aligned with the `cause:` or
 * `to do:` of the same error.
 */
const indentedTwice = (text: string): string => text.replaceAll('\n', '\n    ');

function inWords(error: unknown): string {
  if (!(error instanceof Error)) return indentedTwice(`the method threw ${printable(inspect(error))}`);
  if (isPlain(error)) return printable(error.message);
  // Core writes each fact about a start on a line of its own.
  const head = error instanceof StartError ? indented(printable(headOf(error))) : safe(headOf(error));
  const lines = [head, ...dataOf(error).map(safe)];
  for (const line of reasonsOf(error, '  ', 1)) {
    if (lines.length > maxReasons) return [...lines, '  and more, which --json shows'].join('\n');
    lines.push(line);
  }
  return lines.join('\n');
}

const safe = (text: string): string => indentedTwice(printable(text));

/** Returns the name, the code and the message of an error. */
function headOf(error: Error): string {
  const isOurs = isPipeworkError(error);
  const said = isOurs ? withoutOutput(error.message) : error.message;
  const message = said === '' ? 'an error without a message' : said;
  if (isOurs) return `[${error.code}] ${message}`;
  const { code } = error as { code?: unknown };
  // A thrown value that was not an error has no name.
  const labels = [error.name, code === undefined || code === '' ? '' : `[${shown(code)}]`];
  const label = labels.filter((one) => one !== '').join(' ');
  return label === '' ? message : `${label}: ${message}`;
}

/**
 * Yields indented lines about the cause and the members of an error. Each is followed by its own cause and
 * members.
 */
function* reasonsOf(error: Error, indent: string, depth: number): Generator<string, void, undefined> {
  if (depth > maxDepth) {
    if (hasReasons(error)) yield `${indent}and more causes, which are not shown`;
    return;
  }
  const { cause } = error;
  if (cause instanceof Error && isSaid(cause, error)) yield* reasonsOf(cause, indent, depth + 1);
  else if (cause !== undefined) yield* reasonIn('cause', cause, indent, depth);
  const members = membersOf(error) ?? [];
  for (const member of members.slice(0, maxMembers)) yield* reasonIn('error', member, indent, depth);
  if (members.length > maxMembers) yield `${indent}and ${members.length - maxMembers} more errors`;
}

const hasReasons = (error: Error): boolean => error.cause !== undefined || membersOf(error) !== undefined;

/** True if the line of the cause would only repeat the line of `error`. */
function isSaid(cause: Error, error: Error): boolean {
  if (cause.message === '') return false;
  if (isPipeworkError(error)) return error.message.includes(cause.message);
  return error.message.endsWith(`: ${cause.message}`) && hasSameFacts(cause, error);
}

/** True if the cause has no data, and the same name and code as `error`. */
const hasSameFacts = (cause: Error & { code?: unknown }, error: Error & { code?: unknown }): boolean =>
  cause.name === error.name && cause.code === error.code && dataOf(cause).length === 0;

function* reasonIn(
  what: 'cause' | 'error',
  reason: unknown,
  indent: string,
  depth: number,
): Generator<string, void, undefined> {
  const isError = reason instanceof Error;
  const lines = isError ? [headOf(reason), ...dataOf(reason)] : [inspect(reason)];
  yield `${indent}${what}: ${lines.map(safe).join('\n').replaceAll('\n', `\n${indent}`)}`;
  if (isError) yield* reasonsOf(reason, `${indent}  `, depth + 1);
}

/** True for an error of this package, whose message needs no name or code. */
const isPlain = (error: Error): boolean =>
  [UsageError, NotStarted, Interrupted, CommandBroken].some((kind) => error instanceof kind);

/** Returns the message without the last lines of the plugin's output, which are already on standard error. */
function withoutOutput(message: string): string {
  const kept: string[] = [];
  let leftOut = -1;
  for (const line of message.split('\n')) {
    const indent = /\S/.test(line) ? line.search(/\S/) : Infinity;
    if (indent > leftOut && leftOut >= 0) continue;
    leftOut = /^ *its standard (?:error|output) ends with:$/.test(line) ? indent : -1;
    if (leftOut < 0) kept.push(line);
  }
  return kept.join('\n');
}

const shown = (value: unknown): string => (typeof value === 'string' ? value : inspect(value));

function dataOf(error: Error): string[] {
  const { data } = error as { data?: unknown };
  return data === undefined ? [] : [`  data: ${jsonText(toJson(data))}`];
}

function factsOf(error: unknown, depth: number): Record<string, unknown> {
  if (!(error instanceof Error)) return { thrown: toJson(error) };
  const { name, message, cause } = error;
  const { code, data } = error as { code?: unknown; data?: unknown };
  const members = membersOf(error);
  const isCut = depth >= maxDepth && hasReasons(error);
  return {
    name,
    message,
    ...(code === undefined ? {} : { code: toJson(code) }),
    ...(data === undefined ? {} : { data: toJson(data) }),
    ...(isCut ? { isCut } : {}),
    ...(cause === undefined || isCut ? {} : { cause: factsOf(cause, depth + 1) }),
    ...(members === undefined || isCut ? {} : { errors: members.map((one) => factsOf(one, depth + 1)) }),
  };
}
