/**
 * The logger of a plugin. It writes each record as one line of JSON, to descriptor 2 by default. The host
 * reads the line and makes a record of it.
 */

import { isError } from '../base/realm.ts';
import { logLevels, type LogLevel } from '../handshake/env.ts';

/** Writes one record. Fields that JSON cannot express are left out. */
export type LogMethod = (message: string, fields?: Readonly<Record<string, unknown>>) => void;

/**
 * A logger whose level the host sets (`logLevel` of its client). The logger never throws. If standard error
 * is full, the logger blocks the process, so that no record is lost.
 */
export interface PluginLogger {
  /** The lowest level that the logger writes. A call for a record below this level does nothing. */
  readonly level: LogLevel;
  /** Logs the finest detail. */
  readonly trace: LogMethod;
  /** Logs details that help to debug. */
  readonly debug: LogMethod;
  /** Logs a normal event that users may want to know. */
  readonly info: LogMethod;
  /** Logs a possible problem. */
  readonly warn: LogMethod;
  /** Logs an error. */
  readonly error: LogMethod;
}

/** Makes a logger that passes each record to `write` as a whole line. */
export function createLogger(level: LogLevel, write: (line: string) => void): PluginLogger {
  const least = logLevels.indexOf(level);
  const method = (name: LogLevel): LogMethod => {
    if (logLevels.indexOf(name) < least) return () => {};
    return (message, fields = {}) => write(format(name, message, fields));
  };
  return {
    level,
    trace: method('trace'),
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
  };
}

/**
 * Returns the line of a record. The field names are those of hclog, so that hosts built on go-plugin
 * understand them too.
 */
function format(level: LogLevel, message: string, fields: Readonly<Record<string, unknown>>): string {
  const head = { '@level': level, '@message': message, '@timestamp': new Date().toISOString() };
  try {
    return `${JSON.stringify({ ...fields, ...head }, plain)}\n`;
  } catch {
    // The fields have a cycle, or a getter that throws. The record is written without the fields.
    return `${JSON.stringify({ ...head, fields: 'could not be written as JSON' })}\n`;
  }
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (isError(value)) return { name: value.name, message: value.message, stack: value.stack };
  return value;
}
