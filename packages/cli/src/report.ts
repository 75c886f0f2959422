/** An error as it is told: in words, or as one line of JSON. */
import { inspect } from 'node:util';
import { isPipeworkError, printable } from '@pipework/core';
import { CallFailed, exitNameOf, statusOf, UsageError } from './exit-status.ts';
import { styler, type Io } from './io.ts';
import { toJson } from './values.ts';

/** How long a chain of causes may be that is told. */
const maxCauses = 8;

export function report(failure: unknown, io: Io, isForMachines: boolean): string {
  const status = statusOf(exitNameOf(failure));
  const error = failure instanceof CallFailed ? failure.cause : failure;
  if (isForMachines) return `${JSON.stringify({ error: { status, ...factsOf(error, 0) } })}\n`;
  const head = styler(io, 'stderr')('red', 'pipework:');
  const hint = error instanceof UsageError ? '\nTry pipework --help' : '';
  return `${head} ${inWords(error)}${hint}\n`;
}

function inWords(error: unknown): string {
  if (!(error instanceof Error)) return `the method threw ${printable(inspect(error))}`;
  if (error instanceof UsageError || error.name === 'Interrupted') return printable(error.message);
  const { code } = error as { code?: unknown };
  const label = isPipeworkError(error) || code === undefined ? error.name : `${error.name} [${shown(code)}]`;
  const prefix = isPipeworkError(error) ? `[${error.code}] ` : `${label}: `;
  const lines = [prefix + error.message, ...dataOf(error)];
  const { cause } = error;
  // The text of a pipework error tells of its cause already.
  if (cause instanceof Error && !error.message.includes(cause.message)) lines.push(`cause: ${cause.message}`);
  return printable(lines.join('\n'));
}

const shown = (value: unknown): string => (typeof value === 'string' ? value : inspect(value));

function dataOf(error: Error): string[] {
  const { data } = error as { data?: unknown };
  return data === undefined ? [] : [`data: ${JSON.stringify(toJson(data))}`];
}

function factsOf(error: unknown, depth: number): Record<string, unknown> {
  if (!(error instanceof Error)) return { thrown: toJson(error) };
  const { name, message, cause } = error;
  const { code, data } = error as { code?: unknown; data?: unknown };
  return {
    name,
    message,
    ...(code === undefined ? {} : { code: toJson(code) }),
    ...(data === undefined ? {} : { data: toJson(data) }),
    ...(cause === undefined || depth >= maxCauses ? {} : { cause: factsOf(cause, depth + 1) }),
  };
}
