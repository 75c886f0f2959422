/** Wraps the user's logger, from any library, in one function that never throws. */

import { compacted } from '../../base/own-property.ts';
import { Console } from 'node:console';
import { types } from 'node:util';
import { allClaimed, sortedClaims } from './claims.ts';
import type { RecordLevel } from './levels.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * A logger like pino, winston or console, with at least one of these methods. If the logger lacks the method
 * for a level, the record goes to the nearest method that exists. Only records below `warn` may be dropped. A
 * method is called with the message and an object of fields. pino, bunyan, and any other logger that has a
 * property `bindings` get the fields first. winston gets one object. `console` gets `%s` first. Any other
 * logger may treat the message as a format, as `console` does, so `%%` replaces the `%` of each conversion in
 * the message.
 */
export interface Logger {
  /** A method for records of the finest detail. */
  trace?: unknown;
  /** A method for records that help to debug. */
  debug?: unknown;
  /** A method for records of normal events. */
  info?: unknown;
  /** A method for records of possible problems. */
  warn?: unknown;
  /** A method for records of errors. */
  error?: unknown;
}

/**
 * True if a value can be a {@link Logger}. An object that lacks every method is refused, because it would
 * silently drop all records.
 */
export function isLogger(value: unknown): value is Logger {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const levels: readonly RecordLevel[] = ['trace', 'debug', 'info', 'warn', 'error'];
  return levels.some((level) => typeof (value as Logger)[level] === 'function');
}

/**
 * Writes one record to the user's logger. The `fields` come from the host. `claimed` has the fields that a
 * plugin set.
 */
export type Log = (level: RecordLevel, message: string, fields?: Fields, claimed?: Fields) => void;

/**
 * For each level, the methods that can log it, the best first. A method of another level should not make the
 * record look like an error. But warnings and errors are never dropped, so their lists end with methods of
 * any level.
 */
const methods: Readonly<Record<RecordLevel, readonly string[]>> = {
  trace: ['trace', 'silly', 'debug'],
  debug: ['debug', 'trace'],
  info: ['info', 'log'],
  warn: ['warn', 'warning', 'info', 'log', 'error', 'debug', 'trace'],
  error: ['error', 'warn', 'warning', 'info', 'log', 'debug', 'trace'],
};

/** How to call one kind of logger. */
interface Dialect {
  /** The arguments of a method for one record. */
  arguments(method: string, message: string, fields: Fields): unknown[];
  /** The method to call in place of the level's own method. */
  readonly method?: string;
  /** Methods that do not log in this dialect. */
  readonly without?: readonly string[];
  /** Sorts the fields that a plugin set. */
  readonly sorted: typeof sortedClaims;
}

/**
 * A logger of an unknown kind, which may use the message as a format. A logger that formats as `console` does
 * shows `%%` as `%`. A logger that does not format shows `%%`.
 */
const unknown: Dialect = {
  arguments: (_method, message, fields) => [message.replaceAll(/%(?=[sdifjoOc%])/g, '%%'), fields],
  sorted: sortedClaims,
};

/**
 * pino and bunyan. They merge the fields with their own, whose names are the user's choice (`messageKey`,
 * `formatters`, `mixin`). So all of a plugin's fields go below one name.
 */
const fieldsFirst: Dialect = {
  arguments: (_method, message, fields) => [fields, message],
  sorted: allClaimed,
};

/**
 * winston. If it got a message and then the fields, it would use a message with `%s` as a format and drop the
 * fields. Its own fields (`defaultMeta`, `format.timestamp()`) are the user's choice too.
 */
const winston: Dialect = {
  method: 'log',
  arguments: (level, message, fields) => [{ ...fields, level, message }],
  sorted: allClaimed,
};

/**
 * Indents the further lines of a message by four columns, so that they do not look like lines of the host.
 */
const indented = (message: string): string => message.replaceAll(/\n(?! {4}|\t)/g, '\n    ');

/**
 * Loggers whose first argument is a format. Such a logger gets `%s` as its format, so that the message is
 * never read as a format.
 */
const formatting: Dialect = {
  arguments: (_method, message, fields) => ['%s', message, fields],
  sorted: sortedClaims,
};

/** Consoles. A console's trace() prints the host's own stack, so trace records go to its debug(). */
const consoles: Dialect = { ...formatting, without: ['trace'] };

function dialectOf(logger: Logger): Dialect {
  const has = (...names: string[]): boolean =>
    names.every((name) => (logger as Record<string, unknown>)[name] !== undefined);
  if (has('bindings') || has('addStream', 'fields')) return fieldsFirst;
  if (has('log', 'transports', 'levels', 'configure')) return winston;
  if (logger instanceof Console || isCopyOfConsole(logger)) return consoles;
  // log4js, loglevel, consola.
  if (has('addContext', 'category') || has('methodFactory') || has('wrapConsole')) return formatting;
  return unknown;
}

/** True for `{ ...console }` or `{ info: console.info }`. */
function isCopyOfConsole(logger: Logger): boolean {
  const ofConsole = new Set<unknown>([
    console.trace,
    console.debug,
    console.info,
    console.warn,
    console.error,
    console.log,
  ]);
  return [logger.debug, logger.info, logger.warn, logger.error].some(
    (method) => method !== undefined && ofConsole.has(method),
  );
}

/**
 * Binds `logger` to a plugin, so that every record carries `base`. Returns undefined if there is no logger,
 * so that no line is parsed needlessly.
 */
export function bindLogger(logger: Logger | undefined, base: Fields): Log | undefined {
  if (logger === undefined) return undefined;
  let hasFailed = false;
  // If the user's logger fails, the host reports the first failure, and the plugin's output continues.
  const fail = (error: unknown): void => {
    if (!hasFailed)
      process.emitWarning(`the logger of a plugin client throws: ${String(error)}`, 'PipeworkWarning');
    hasFailed = true;
  };
  let dialect = unknown;
  try {
    dialect = dialectOf(logger);
  } catch (error) {
    fail(error);
  }
  return (level, message, fields = {}, claimed = {}) => {
    const find = logger as Record<string, unknown>;
    try {
      const name = methods[level].find(
        (candidate) => typeof find[candidate] === 'function' && dialect.without?.includes(candidate) !== true,
      );
      if (name === undefined) return;
      const all = compacted({ ...dialect.sorted(claimed), ...fields, ...base });
      const args = dialect.arguments(name, indented(message), all);
      const written: unknown = Reflect.apply(
        find[dialect.method ?? name] as (...args: unknown[]) => unknown,
        logger,
        args,
      );
      // A logger that returns a promise may fail later.
      if (types.isPromise(written)) written.catch(fail);
    } catch (error) {
      fail(error);
    }
  };
}
