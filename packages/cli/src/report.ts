/** Shows an error, in words or as one line of JSON. */
import { inspect } from 'node:util';
import { isPipeworkError, printable } from '@pipework/core';
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

/** How many causes of an error are shown in JSON, and how many members are shown in words. */
const maxCauses = 8;

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

function inWords(error: unknown): string {
  if (!(error instanceof Error)) return indented(`the method threw ${printable(inspect(error))}`);
  if (isPlain(error)) return printable(error.message);
  const { code } = error as { code?: unknown };
  // A thrown value that was not an error has no name.
  const labels = [error.name, code === undefined || code === '' ? '' : `[${shown(code)}]`];
  const label = labels.filter((one) => one !== '').join(' ');
  const prefix = isPipeworkError(error) ? `[${error.code}] ` : label === '' ? '' : `${label}: `;
  const said = isPipeworkError(error) ? withoutOutput(error.message) : error.message;
  const message = said === '' ? 'an error without a message' : said;
  const lines = [prefix + message, ...dataOf(error)];
  const { cause } = error;
  // The message of a pipework error already contains the message of its cause.
  if (cause instanceof Error && !error.message.includes(cause.message))
    lines.push(`  cause: ${cause.message}`);
  lines.push(...membersInWords(error));
  return lines.map((line) => indented(printable(line))).join('\n');
}

const named = ({ name, message }: Error): string => [name, message].filter((one) => one !== '').join(': ');

/** Returns a line for each of the first members of an AggregateError. */
function membersInWords(error: Error): string[] {
  const members = membersOf(error) ?? [];
  const lines = members
    .slice(0, maxCauses)
    .map((one) => `  error: ${one instanceof Error ? named(one) : inspect(one)}`);
  const more = members.length - lines.length;
  return more === 0 ? lines : [...lines, `  and ${more} more errors`];
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
  const isDeep = depth >= maxCauses;
  return {
    name,
    message,
    ...(code === undefined ? {} : { code: toJson(code) }),
    ...(data === undefined ? {} : { data: toJson(data) }),
    ...(cause === undefined || isDeep ? {} : { cause: factsOf(cause, depth + 1) }),
    ...(members === undefined || isDeep ? {} : { errors: members.map((one) => factsOf(one, depth + 1)) }),
  };
}
