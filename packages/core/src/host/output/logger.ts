/** The user's logger, whatever library it comes from, behind one function that never throws. */

import { Console } from 'node:console';
import type { RecordLevel } from './log-record.ts';

type Method = (message: string, fields: Readonly<Record<string, unknown>>) => void;

/**
 * A logger as pino, winston or console have it. A level it has no method for goes to the nearest, or nowhere. A pino logger (known by
 * its `bindings()`) gets its arguments in pino's order, fields first.
 */
export interface Logger {
  trace?: unknown;
  debug?: unknown;
  info?: unknown;
  warn?: unknown;
  error?: unknown;
}

/** Writes one record to the user's logger. */
export type Log = (level: RecordLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** Which methods take a level, the best first: what a logger has no word for must not turn up as an error. */
const methods: Readonly<Record<RecordLevel, readonly string[]>> = {
  trace: ['trace', 'silly', 'debug'],
  debug: ['debug', 'trace'],
  info: ['info', 'log'],
  warn: ['warn', 'warning', 'info'],
  error: ['error', 'warn'],
};

/** Binds `logger` to a plugin: every record carries `base`. Undefined where there is none, so that nothing is parsed for nobody. */
export function bindLogger(
  logger: Logger | undefined,
  base: Readonly<Record<string, unknown>>,
): Log | undefined {
  if (logger === undefined) return undefined;
  const isPino = typeof (logger as { bindings?: unknown }).bindings === 'function';
  let broken = false;
  // The user's logger must not end the plugin's output, nor its failure pass unseen.
  const fail = (error: unknown): void => {
    if (!broken)
      process.emitWarning(`the logger of a plugin client throws: ${String(error)}`, 'PipeworkWarning');
    broken = true;
  };
  return (level, message, fields = {}) => {
    const find = logger as Record<string, unknown>;
    // A console's trace() prints the host's own stack.
    const words = level === 'trace' && logger instanceof Console ? methods.debug.slice(0, 1) : methods[level];
    try {
      const name = words.find((candidate) => typeof find[candidate] === 'function');
      if (name === undefined) return;
      const facts = { ...fields, ...base };
      const args = isPino ? [facts, message] : [message, facts];
      const written: unknown = Reflect.apply(find[name] as Method, logger, args);
      // A logger that ships its records somewhere may fail later.
      if (written instanceof Promise) written.catch(fail);
    } catch (error) {
      fail(error);
    }
  };
}
