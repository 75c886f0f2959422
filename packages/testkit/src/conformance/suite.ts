/** The conformance suite. The checks are rules for plugins in any language, and they need no test runner. */
import { realNow, within } from '../real-time.ts';
import { Bench, type Check } from './bench.ts';
import { beyondChecks } from './checks/beyond.ts';
import { brokerChecks } from './checks/broker-ids.ts';
import { callChecks } from './checks/calls.ts';
import { capabilityChecks } from './checks/capabilities.ts';
import { childChecks } from './checks/children.ts';
import { controlChecks, endChecks } from './checks/control.ts';
import { formChecks } from './checks/forms.ts';
import { limitChecks } from './checks/limits.ts';
import { messageChecks } from './checks/messages.ts';
import { muxChecks } from './checks/mux.ts';
import { outputChecks } from './checks/output.ts';
import { protocolErrorChecks } from './checks/protocol-errors.ts';
import { referenceChecks } from './checks/references.ts';
import { askingChecks } from './checks/services.ts';
import { startChecks } from './checks/start.ts';
import type { Target } from './raw-plugin.ts';
import { ConformanceReport } from './report.ts';
import { CheckFailure, DoesNotApply, type ConformanceCheck, type ConformanceOutcome } from './verdict.ts';

/** The plugin that the suite checks, and how long the plugin may take. */
export interface ConformanceOptions {
  /** The plugin's command line, as for a Client. */
  readonly cmd:
    | readonly [file: string, ...args: string[]]
    | {
        readonly file: string;
        readonly args?: readonly string[];
        readonly cwd?: string;
        readonly env?: Readonly<Record<string, string>>;
      };
  /** The handshake that the plugin expects. The default is the protocol's own handshake. */
  readonly handshake?: { readonly magicCookieKey?: string; readonly magicCookieValue?: string };
  /**
   * The name under which the plugin serves the suite's methods. The default is `conformance`. In JavaScript,
   * `conformancePlugin` has these methods. For other languages, docs/other-languages.md describes them.
   */
  readonly service?: string;
  /** How long any one answer may take, in milliseconds. The default is 5000. */
  readonly timeoutMs?: number;
  /** How long the plugin may take to write its handshake line, in milliseconds. The default is 10,000. */
  readonly startTimeoutMs?: number;
  /** Runs only the checks whose name contains this text. */
  readonly only?: string;
  /**
   * Leaves out the long checks. Some of these wait for a time that the protocol names, up to 33 s, and one
   * moves 400 MiB. Together the other checks take some seconds.
   */
  readonly quick?: boolean;
}

/** The conformance suite, bound to one plugin. */
export interface Conformance {
  /** The checks in their order, without those that the options leave out. */
  readonly checks: readonly ConformanceCheck[];
  /**
   * Runs every check, a few at a time, and resolves to the results. Does not reject if checks fail. Calls
   * `onOutcome` with each result when its check ends. If `signal` aborts, ends every plugin that runs, and
   * then rejects with the signal's reason.
   */
  run(options?: {
    readonly concurrency?: number;
    readonly signal?: AbortSignal;
    readonly onOutcome?: (check: ConformanceCheck, outcome: ConformanceOutcome) => void;
  }): Promise<ConformanceReport>;
}

const allChecks: readonly Check[] = [
  ...startChecks,
  ...childChecks,
  ...muxChecks,
  ...protocolErrorChecks,
  ...brokerChecks,
  ...controlChecks,
  ...callChecks,
  ...messageChecks,
  ...formChecks,
  ...limitChecks,
  ...outputChecks,
  ...capabilityChecks,
  ...beyondChecks,
  ...referenceChecks,
  ...askingChecks,
  ...endChecks,
];

/**
 * How long a check may take, in milliseconds, however slow each answer is. A plugin that sends a byte at a
 * time must not hold up the run.
 */
const checkDeadlineMs = 120_000;
/**
 * The deadline of a check that moves hundreds of mebibytes. With windows of 256 KiB, moving so many bytes
 * takes long on a busy machine.
 */
const muchDeadlineMs = 600_000;

/**
 * Returns the conformance suite for the plugin that `cmd` starts. Throws a TypeError if `cmd` is not a
 * command line. If the plugin cannot be started, every check fails.
 *
 * @example
 * ```ts
 * import { conformance } from '@pipework/testkit';
 *
 * const report = await conformance({ cmd: ['./my-plugin'], quick: true }).run();
 * console.log(String(report));
 * if (!report.ok) process.exitCode = 1;
 * ```
 */
export function conformance(options: ConformanceOptions): Conformance {
  const target = targetOf(options);
  const chosen = allChecks.filter(
    ({ name, long }) => name.includes(options.only ?? '') && !(options.quick === true && long !== undefined),
  );
  const waiting: BoundCheck[] = [];
  const moving: BoundCheck[] = [];
  const short: BoundCheck[] = [];
  const checks = chosen.map((check) => {
    const run = (stopped?: Promise<never>): Promise<ConformanceOutcome> => runCheck(check, target, stopped);
    const bound = { name: check.name, section: check.section, run };
    (check.long === 'waits' ? waiting : check.long === 'moves much' ? moving : short).push(bound);
    return bound;
  });
  return {
    checks,
    run: async ({ concurrency = 4, onOutcome, signal } = {}) => {
      const started = realNow();
      // All checks share one listener, because Node warns at the eleventh listener of a signal.
      let stop = (): void => {};
      const stopped = new Promise<never>((_, reject) => {
        stop = () => reject(new CheckFailure('the run was stopped'));
      });
      stopped.catch(() => {});
      signal?.addEventListener('abort', stop, { once: true });
      const outcomes = new Map<ConformanceCheck, ConformanceOutcome>();
      const perform = async (check: BoundCheck): Promise<void> => {
        signal?.throwIfAborted();
        const outcome = await check.run(stopped);
        outcomes.set(check, outcome);
        onOutcome?.(check, outcome);
      };
      const work = async (some: Iterable<BoundCheck>): Promise<void> => {
        for (const check of some) await perform(check);
      };
      // Checks that wait cost almost nothing. So up to `concurrency` of them run beside up to `concurrency`
      // other checks.
      const waits = waiting.values();
      // The longest check starts first, so that it does not run alone at the end.
      const others = [...moving, ...short].values();
      const workers = Array.from({ length: concurrency }, () => [work(waits), work(others)]);
      // No plugin may be left when the run ends, so the run waits for all workers before it throws a worker's
      // error.
      const ends = await Promise.allSettled(workers.flat());
      signal?.removeEventListener('abort', stop);
      signal?.throwIfAborted();
      const failed = ends.find((end) => end.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      const results = checks.map((check) => ({ check, outcome: outcomes.get(check) ?? notRun }));
      return new ConformanceReport(results, realNow() - started);
    },
  };
}

/** A check that can be stopped. */
interface BoundCheck extends ConformanceCheck {
  /** `stopped` rejects when the check should end. */
  run(stopped?: Promise<never>): Promise<ConformanceOutcome>;
}

const notRun: ConformanceOutcome = { status: 'failed', reason: 'the check was not run', details: '' };

async function runCheck(check: Check, target: Target, stopped?: Promise<never>): Promise<ConformanceOutcome> {
  const bench = new Bench(target);
  const deadlineMs = check.long === 'moves much' ? muchDeadlineMs : checkDeadlineMs;
  try {
    await within(
      Promise.race([check.run(bench), ...(stopped === undefined ? [] : [stopped])]),
      deadlineMs,
      () => new CheckFailure(`expected the check to end within ${String(deadlineMs / 1000)} s; it did not`),
    );
    await bench.demandConduct();
    return { status: 'passed' };
  } catch (error) {
    if (error instanceof DoesNotApply) return { status: 'does not apply', reason: error.message };
    const isVerdict = error instanceof CheckFailure;
    const reason = isVerdict
      ? error.message
      : `the check itself broke: ${error instanceof Error ? error.message : String(error)}`;
    return { status: 'failed', reason, details: bench.report(error) };
  } finally {
    await bench.dispose();
  }
}

function targetOf({
  cmd,
  handshake,
  service = 'conformance',
  timeoutMs = 5_000,
  startTimeoutMs = 10_000,
}: ConformanceOptions): Target {
  const isList = (value: typeof cmd): value is readonly [string, ...string[]] => Array.isArray(value);
  const command = isList(cmd) ? { file: cmd[0], args: cmd.slice(1) } : cmd;
  if (typeof command?.file !== 'string' || command.file === '') {
    throw new TypeError(
      `conformance({ cmd }): expected [file, ...args] or { file, args, cwd, env }; got ${JSON.stringify(cmd)}`,
    );
  }
  return {
    file: command.file,
    args: command.args ?? [],
    cwd: 'cwd' in command ? command.cwd : undefined,
    env: ('env' in command ? command.env : undefined) ?? {},
    cookie: [
      handshake?.magicCookieKey ?? 'OTTO_PLUGIN_MAGIC_COOKIE',
      handshake?.magicCookieValue ?? '11aab7ff21cb9ff7b0e9975d53f17a8dab571eac9b5ff0191730046698f07b7f',
    ],
    service,
    timeoutMs,
    startTimeoutMs,
  };
}
