/** `pipework conformance` runs the testkit's conformance suite against a plugin. */
import { setTimeout as sleep } from 'node:timers/promises';
import { conformance, ConformanceReport, type ConformanceCheck } from '@pipework/testkit';
import type { Command, CommandLine } from '../command.ts';
import { Interrupted, NotStarted, statusOf, UsageError } from '../exit-status.ts';
import { widthOf, type Io } from '../io.ts';
import { print } from '../output.ts';
import { cookieOf, text, wholeNumber } from '../parse.ts';
import { definedIn } from '../session.ts';
import { jsonText } from '../values.ts';

type Outcome = ConformanceReport['results'][number]['outcome'];

/** Tells the author of a plugin where to find the methods that the suite calls. */
const howToServe =
  'docs/other-languages.md#prove-it lists the methods that it must have. In JavaScript, conformancePlugin of @pipework/testkit has them';

export const conformanceCommand: Command = {
  name: 'conformance',
  operands: '',
  operandCount: [0, 0],
  takesPlugin: true,
  summary: 'Checks that a plugin keeps the protocol.',
  details: [
    'Starts the plugin as a host would, many times. The report names each check. For a failed check, it also shows the traffic on the pipes. Ctrl-C ends all running plugins, and prints the results so far.',
    `About half of the checks call a service of the plugin. ${howToServe}.`,
  ],
  options: {
    service: {
      type: 'string',
      value: 'NAME',
      help: "the name that serves the suite's methods (conformance)",
    },
    only: { type: 'string', value: 'TEXT', help: 'run only the checks whose names contain TEXT' },
    quick: { type: 'boolean', help: 'leave out the checks that wait long or send much data' },
    concurrency: {
      type: 'string',
      value: 'N',
      help: 'how many checks run at the same time; as many further checks, which mostly wait, run beside them (4)',
    },
    timeout: { type: 'string', value: 'MS', help: 'how long any one answer may take (5000)' },
    'start-timeout': { type: 'string', value: 'MS', help: 'how long the plugin may take to start (10000)' },
    cookie: { type: 'string', value: 'KEY=VALUE', help: 'the magic cookie, if it is not the default' },
    json: { type: 'boolean', help: 'print the report as JSON' },
  },
  examples: [
    'pipework conformance -- ./my-plugin',
    'pipework conformance --only streams -- python3 plugin.py',
  ],
  run,
};

async function run(line: CommandLine, io: Io): Promise<number> {
  const [file = '', ...args] = line.plugin;
  const service = text(line, 'service');
  const only = text(line, 'only');
  const timeoutMs = wholeNumber(line, 'timeout');
  const startTimeoutMs = wholeNumber(line, 'start-timeout');
  const handshake = cookieOf(line);
  const concurrency = wholeNumber(line, 'concurrency');
  const suite = conformance({
    cmd: { file, args, cwd: io.cwd, env: definedIn(io.env) },
    quick: line.values.quick === true,
    ...(service === undefined ? {} : { service }),
    ...(only === undefined ? {} : { only }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(startTimeoutMs === undefined ? {} : { startTimeoutMs }),
    ...(handshake === undefined ? {} : { handshake }),
  });
  if (suite.checks.length === 0)
    throw new UsageError(
      `--only: no check has this in its name; got ${JSON.stringify(only)}. A run without --only shows the names`,
    );
  const unserved = `the plugin serves no '${service ?? 'conformance'}' `;
  const interrupt = new AbortController();
  const stopListening = io.onInterrupt(() => interrupt.abort(new Interrupted()));
  const progress = new Progress(suite.checks.length, io);
  const ended = new Map<ConformanceCheck, Outcome>();
  const started = performance.now();
  const isForMachines = line.values.json === true;
  let report: ConformanceReport;
  try {
    report = await suite.run({
      signal: interrupt.signal,
      onOutcome: (check, outcome) => {
        if (interrupt.signal.aborted) return;
        ended.set(check, outcome);
        progress.ended(check);
        if (service !== undefined && isFor(unserved, outcome)) interrupt.abort(wrongService(service));
      },
      ...(concurrency === undefined ? {} : { concurrency }),
    });
  } catch (error) {
    progress.clear();
    if (error instanceof Interrupted) {
      const partial = reportOf(suite.checks, ended, performance.now() - started);
      await printInterrupted(partial, suite.checks.length, isForMachines, io);
    }
    throw error;
  } finally {
    stopListening();
    progress.clear();
  }
  refuseIfNotStarted(report, file);
  if (isForMachines) await print(io, `${jsonText(facts(report, 0))}\n`);
  else await print(io, `${report.toString()}\n${noteOn(report, unserved)}`);
  refuseIfNothingRan(report);
  return statusOf(report.ok ? 'answered' : 'found');
}

/** Returns a report of the checks that have ended, in the order of the suite. */
function reportOf(
  checks: readonly ConformanceCheck[],
  ended: ReadonlyMap<ConformanceCheck, Outcome>,
  durationMs: number,
): ConformanceReport {
  const results = checks.flatMap((check) => {
    const outcome = ended.get(check);
    return outcome === undefined ? [] : [{ check, outcome }];
  });
  return new ConformanceReport(results, durationMs);
}

/** How long an interrupted command waits for the reader of its report, in milliseconds. */
const outputLagMs = 1_000;

/**
 * Prints the results of an interrupted run. Does not reject, because the command already fails with
 * `Interrupted`.
 */
async function printInterrupted(
  report: ConformanceReport,
  of: number,
  isForMachines: boolean,
  io: Io,
): Promise<void> {
  const notRun = of - report.results.length;
  const text = isForMachines
    ? jsonText(facts(report, notRun))
    : `${report.toString().trimStart()}\nthe run was interrupted: ${notRun} of ${of} checks did not run to their end`;
  const printed = print(io, `${text}\n`).catch(() => {});
  await Promise.race([printed, sleep(outputLagMs, undefined, { ref: false })]);
}

const isFor = (beginning: string, outcome: Outcome): boolean =>
  outcome.status === 'does not apply' && outcome.reason.startsWith(beginning);

const wrongService = (service: string): UsageError =>
  new UsageError(
    `--service: expected a name that the plugin serves, which pipework describe lists; got ${JSON.stringify(service)}`,
  );

/**
 * Returns a last line that says how many checks were left out because the plugin does not serve the suite's
 * methods. If no check was left out, returns an empty text.
 */
function noteOn({ results }: ConformanceReport, unserved: string): string {
  const count = results.filter(({ outcome }) => isFor(unserved, outcome)).length;
  if (count === 0) return '';
  return `the suite did not try ${count} of ${results.length} checks, because ${unserved.trim()}. ${howToServe}. --service names another service\n`;
}

/** Throws a UsageError if no check applies to the plugin, because such a report proves nothing. */
function refuseIfNothingRan({ passed, failed, results }: ConformanceReport): void {
  if (passed.length + failed.length > 0) return;
  const [first] = results;
  const reason = first?.outcome.status === 'does not apply' ? `: ${first.outcome.reason}` : '';
  throw new UsageError(`expected checks that apply to the plugin; none of those chosen applies${reason}`);
}

/**
 * Throws `NotStarted` if the program could not be started. The report would only repeat the same reason for
 * every check.
 */
function refuseIfNotStarted({ results }: ConformanceReport, file: string): void {
  const prefix = `cannot start ${file}: `;
  const reasons = results.map(({ outcome }) => {
    const reason = outcome.status === 'failed' ? outcome.reason : '';
    // For some errors, such as ENOTDIR, `spawn()` throws within the check, so the reason says that the check
    // broke. Other errors arrive later, by an event.
    return reason.replace(/^the check itself broke: (?=spawn )/, prefix);
  });
  const [reason = ''] = reasons;
  if (reasons.every((one) => one.startsWith(prefix))) throw new NotStarted(reason);
}

/**
 * Shows the progress of the checks on one line of a terminal. Writes nothing if the output is not a terminal.
 */
class Progress {
  readonly #of: number;
  readonly #io: Io;
  readonly #isShown: boolean;
  #count = 0;

  constructor(of: number, io: Io) {
    this.#of = of;
    this.#io = io;
    this.#isShown = io.stderr.isTTY === true && io.env.TERM !== 'dumb';
    this.#show('starting');
  }

  ended({ section, name }: ConformanceCheck): void {
    this.#count += 1;
    this.#show(`${section}: ${name}`);
  }

  clear(): void {
    if (this.#isShown) this.#io.stderr.write(eraseLine);
  }

  #show(what: string): void {
    if (!this.#isShown) return;
    // The line is cut to the terminal's width, because only a single line can be erased.
    const line = `${this.#count} of ${this.#of} checks  ${what}`.slice(0, widthOf(this.#io) - 1);
    this.#io.stderr.write(`${eraseLine}${line}`);
  }
}

const eraseLine = '\r\u001b[2K';

function facts(report: ConformanceReport, notRun: number): object {
  return {
    ok: report.ok && report.passed.length > 0 && notRun === 0,
    passed: report.passed.length,
    failed: report.failed.length,
    doesNotApply: report.doesNotApply.length,
    notRun,
    durationMs: Math.round(report.durationMs),
    checks: report.results.map(({ check: { section, name }, outcome }) => ({ section, name, ...outcome })),
  };
}
