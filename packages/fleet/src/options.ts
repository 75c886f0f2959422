/** The options of a supervisor, their defaults, and the check of each. */
import { AsyncResource } from 'node:async_hooks';
import {
  Client,
  isListOf,
  PipeworkError,
  printable,
  type ClientConfig,
  type RPCClientOf,
} from '@pipework/core';
import { realClock, type Clock } from './clock.ts';
import type { RestartLimits } from './restart-budget.ts';

/** Runs before a process counts as ready. `generation` is the number that the process got at its launch. */
export type Setup<P> = (
  rpc: RPCClientOf<P>,
  context: { readonly signal: AbortSignal; readonly generation: number },
) => Promise<void>;

/** How the supervisor reacts to failures. Delays are in milliseconds. */
export interface RestartOptions {
  /** The supervisor gives up after more failures than this within `withinMs`. Default 5. */
  readonly atMost?: number;
  /**
   * The length of the window of `atMost`. After a process has been ready for this long, the delays start
   * again from `initialDelayMs`. Default 60,000.
   */
  readonly withinMs?: number;
  /**
   * The maximum of the first delay. The maximum doubles with each further delay. A delay is a random value
   * between half of its maximum and the whole maximum. Default 100.
   */
  readonly initialDelayMs?: number;
  /** The maximum of every delay. Default 10,000. */
  readonly maxDelayMs?: number;
}

/** How a process that no longer answers is detected. */
export interface HealthOptions<P> {
  /**
   * Milliseconds from the end of one check to the next check. The first check comes after a random part of
   * this period.
   */
  readonly everyMs: number;
  /** Milliseconds that one check may take. Time in which this host was blocked or asleep does not count. */
  readonly timeoutMs: number;
  /** How many checks in a row must fail before the supervisor ends the process. */
  readonly failures: number;
  /** Checks the process. Default: a ping, which every plugin answers unless its event loop is blocked. */
  readonly check?: (rpc: RPCClientOf<P>) => Promise<unknown>;
}

/** The options of a {@link Supervisor}: those of a `Client`, and these. */
export interface SupervisorConfig<P = Record<string, object>, S = Record<never, never>> extends ClientConfig<
  S,
  P
> {
  /** How to restart after a failure. `false` never restarts. */
  readonly restart?: RestartOptions | false;
  /**
   * Runs after the handshake, before the process counts as ready. `setup` may take as long as the option
   * `startTimeout`, in addition to the time of the handshake. If `setup` fails, the start has failed.
   */
  readonly setup?: Setup<P>;
  /** The health checks. Without this option there are no health checks. */
  readonly health?: HealthOptions<P>;
  /**
   * Milliseconds without use after which the process ends. The next call starts another process. Default
   * `Infinity`.
   */
  readonly idleMs?: number;
  /** How many calls may wait while no process is ready. Default 1,000. */
  readonly maxWaitingCalls?: number;
  /** Milliseconds that a replaced process may take to finish its running calls. Default 30,000. */
  readonly drainMs?: number;
  /** If 1, a second process is kept ready as a spare. Default 0. */
  readonly spare?: 0 | 1;
  /** Files and folders. A change in one of these paths reloads the plugin. */
  readonly watch?: string | readonly string[];
  /** For tests: the clock, the timers and the random numbers that the supervisor uses. */
  readonly clock?: Clock;
}

export interface SupervisorSettings<P> {
  /** The options of each process's client, apart from the command. */
  readonly client: ClientConfig<Record<never, never>, P>;
  readonly name: string;
  readonly signal: AbortSignal | undefined;
  readonly restart: RestartLimits;
  readonly setup: Setup<P> | undefined;
  readonly startTimeoutMs: number;
  readonly health: HealthOptions<P> | undefined;
  readonly idleMs: number;
  readonly maxWaitingCalls: number;
  readonly drainMs: number;
  readonly hasSpare: boolean;
  readonly watch: readonly string[];
  readonly clock: Clock;
  /**
   * The asynchronous context in which the supervisor or pool was made. Each process is started and set up in
   * this context, so that the services of the host never see the stores of the call that needed the process.
   */
  readonly context: AsyncResource;
}

/**
 * The rule for an option's value: `expected` is its text in error messages, and `holds` returns true for a
 * valid value.
 */
export interface Rule {
  readonly expected: string;
  readonly holds: (value: unknown) => boolean;
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && !Number.isNaN(value);
const wholeNumber = (least: number): Rule => ({
  expected: `a whole number of at least ${least}`,
  holds: (value) => Number.isSafeInteger(value) && (value as number) >= least,
});
const milliseconds: Rule = {
  expected: 'milliseconds of at least 0',
  holds: (value) => isNumber(value) && value >= 0,
};
const someMilliseconds: Rule = {
  expected: 'milliseconds above 0',
  holds: (value) => isNumber(value) && value > 0,
};
const aFunction: Rule = { expected: 'a function', holds: (value) => typeof value === 'function' };

/** Throws `CONFIG_INVALID` unless the option is absent or valid. */
export function checkOption(name: string, value: unknown, { expected, holds }: Rule): void {
  if (value === undefined || holds(value)) return;
  throw new PipeworkError('CONFIG_INVALID', `${name}: expected ${expected}; got ${describe(value)}`);
}

/**
 * The names of a client's options. A test compares them with the names in the error that a client throws for
 * an unknown option.
 */
const ofClient =
  'cmd name managed startTimeout gracePeriod stdin stdout stderr syncStdout syncStderr logger logLevel handshake protocolVersions env checksum launcher processGroup signal limits interceptors provide handlerInterceptors redactError'.split(
    ' ',
  );

/** The names of a supervisor's own options. */
export const supervisorOptions: readonly string[] =
  'restart setup health idleMs maxWaitingCalls drainMs spare watch clock'.split(' ');

/**
 * Throws `CONFIG_INVALID` if `config` has an option that is neither in `own` nor an option of a client. A
 * client cannot check this, because it does not know the options in `own`.
 */
export function checkNames(config: object, own: readonly string[]): void {
  const known = [...own, ...ofClient];
  for (const name of Object.keys(config)) {
    if (known.includes(name)) continue;
    throw new PipeworkError('CONFIG_INVALID', `config must be made of ${known.join(', ')}, not ${name}`);
  }
}

function describe(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  return String(value);
}

export const rules: Readonly<
  Record<'wholeNumber', (least: number) => Rule> &
    Record<'milliseconds' | 'someMilliseconds' | 'aFunction', Rule>
> = { wholeNumber, milliseconds, someMilliseconds, aFunction };

export function checkRestart(restart: RestartOptions | false | undefined): RestartLimits {
  if (restart === false) return false;
  checkOption('restart', restart, {
    expected: 'an object of limits, or false',
    holds: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  });
  const { atMost = 5, withinMs = 60_000, initialDelayMs = 100, maxDelayMs = 10_000 } = restart ?? {};
  checkOption('restart.atMost', atMost, wholeNumber(0));
  checkOption('restart.withinMs', withinMs, someMilliseconds);
  checkOption('restart.initialDelayMs', initialDelayMs, milliseconds);
  checkOption('restart.maxDelayMs', maxDelayMs, milliseconds);
  return { atMost, withinMs, initialDelayMs, maxDelayMs };
}

export function checkHealth<P>(health: HealthOptions<P> | undefined): HealthOptions<P> | undefined {
  if (health === undefined) return undefined;
  checkOption('health', health, {
    expected: '{ everyMs, timeoutMs, failures, check? }',
    holds: (value) => typeof value === 'object' && value !== null,
  });
  for (const [key, rule] of [
    ['everyMs', someMilliseconds],
    ['timeoutMs', someMilliseconds],
    ['failures', wholeNumber(1)],
  ] as const) {
    // These three options have no default. Only the user knows how long a healthy plugin may take to answer.
    if (health[key] === undefined)
      throw new PipeworkError('CONFIG_INVALID', `health.${key}: expected ${rule.expected}; got nothing`);
    checkOption(`health.${key}`, health[key], rule);
  }
  checkOption('health.check', health.check, aFunction);
  return health;
}

/** Checks every option and fills in the defaults. Throws `CONFIG_INVALID` if an option is invalid. */
export function checkSupervisor<P, S>(config: SupervisorConfig<P, S>): SupervisorSettings<P> {
  checkNames(config, supervisorOptions);
  const {
    restart,
    setup,
    health,
    idleMs = Infinity,
    maxWaitingCalls = 1_000,
    drainMs = 30_000,
    spare = 0,
    watch = [],
    clock = realClock,
    signal,
    ...client
  } = config;
  checkOption('stdin', client.stdin, {
    expected: `'ignore' or 'inherit', because only one process can read a stream`,
    holds: (value) => typeof value === 'string',
  });
  checkOption('setup', setup, aFunction);
  checkOption('idleMs', idleMs, someMilliseconds);
  checkOption('maxWaitingCalls', maxWaitingCalls, wholeNumber(0));
  checkOption('drainMs', drainMs, milliseconds);
  checkOption('spare', spare, { expected: '0 or 1', holds: (value) => value === 0 || value === 1 });
  checkOption('watch', watch, {
    expected: 'a path or a list of paths',
    holds: (value) => typeof value === 'string' || isListOf(value, (path) => typeof path === 'string'),
  });
  // This client is never started. Its constructor checks the client's options now, and not only at the first
  // start.
  new Client(client);
  return {
    client,
    name: printable(client.name ?? nameOf(client.cmd)),
    signal,
    restart: checkRestart(restart),
    setup,
    startTimeoutMs: client.startTimeout ?? 60_000,
    health: checkHealth(health),
    idleMs,
    maxWaitingCalls,
    drainMs,
    hasSpare: spare === 1,
    watch: typeof watch === 'string' ? [watch] : watch,
    clock,
    context: new AsyncResource('PIPEWORK_FLEET'),
  };
}

function nameOf(cmd: ClientConfig['cmd']): string {
  const [file, ...args] = 'file' in cmd ? [cmd.file, ...(cmd.args ?? [])] : cmd;
  const program = args.find((arg) => !arg.startsWith('-')) ?? file;
  return `'${program.split(/[\\/]/).at(-1) ?? program}'`;
}
