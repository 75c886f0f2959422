/** The words and numbers by which programs name the level of a log line. */

/** Levels of a record. */
export type RecordLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

const words: Readonly<Record<RecordLevel, readonly string[]>> = {
  trace: ['trace', 'trc', 'trce', 'silly', 'finest', 'finer'],
  debug: ['debug', 'dbg', 'dbug', 'verbose', 'vrb', 'fine'],
  info: ['info', 'inf', 'information', 'notice', 'log'],
  warn: ['warn', 'wrn', 'warning'],
  error: [
    'error',
    'erro',
    'err',
    'fail',
    'severe',
    'fatal',
    'fata',
    'ftl',
    'critical',
    'crit',
    'panic',
    'dpanic',
    'alert',
    'emerg',
    'emergency',
  ],
};

const levels = new Map(
  Object.entries(words).flatMap(([level, names]) =>
    names.map((name) => [name, level as RecordLevel] as const),
  ),
);

/**
 * Returns the level that a word or number names: `error`, `ERROR+2`, 50, `"3"`. Undefined for anything else.
 */
export function readLevel(value: unknown): RecordLevel | undefined {
  if (typeof value === 'number') return levelOfNumber(value);
  if (typeof value !== 'string' || value.length > 16) return undefined;
  const known = levels.get(value.toLowerCase());
  if (known !== undefined) return known;
  if (/^\d{1,3}$/.test(value)) return levelOfNumber(Number(value));
  const offset = /^(DEBUG|INFO|WARN|ERROR)([+-]\d{1,4})$/.exec(value);
  return offset === null ? undefined : levelOfSlog(offset[1] as keyof typeof slog, Number(offset[2]));
}

/**
 * Whole numbers from 0 to 7 are syslog's severities, 0 (emergency) to 7 (debug). All other numbers count as
 * levels of pino and bunyan, 10 (trace) to 60 (fatal).
 */
function levelOfNumber(value: number): RecordLevel | undefined {
  if (!Number.isFinite(value)) return undefined;
  if (Number.isInteger(value) && value >= 0 && value <= 7) return levelOfSeverity(value);
  if (value < 20) return 'trace';
  if (value < 30) return 'debug';
  if (value < 40) return 'info';
  return value < 50 ? 'warn' : 'error';
}

/** Returns the level of a syslog severity, 0 to 7. */
export function levelOfSeverity(severity: number): RecordLevel {
  if (severity <= 3) return 'error';
  if (severity === 4) return 'warn';
  return severity === 7 ? 'debug' : 'info';
}

/**
 * In Go's slog, the numbers of two neighbouring level names are four apart. slog writes a level without a
 * name as a name and a distance, such as `ERROR+2`.
 */
const slog = { DEBUG: -4, INFO: 0, WARN: 4, ERROR: 8 };

function levelOfSlog(name: keyof typeof slog, distance: number): RecordLevel {
  const value = slog[name] + distance;
  if (value < -4) return 'trace';
  if (value < 0) return 'debug';
  if (value < 4) return 'info';
  return value < 8 ? 'warn' : 'error';
}
