/** `pipework conformance`: the testkit's suite against a plugin. */
import { conformance, type ConformanceReport } from '@pipework/testkit';
import type { Command, CommandLine } from '../command.ts';
import { statusOf, UsageError } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { print } from '../output.ts';
import { cookieOf, text, wholeNumber } from '../parse.ts';

export const conformanceCommand: Command = {
  name: 'conformance',
  operands: '',
  operandCount: [0, 0],
  takesPlugin: true,
  summary: 'Checks that a plugin keeps the protocol.',
  details: [
    'Starts the plugin as a host would, again and again. The report names each check, and shows what went over the pipes for one that failed.',
  ],
  options: {
    service: {
      type: 'string',
      value: 'NAME',
      help: "the name that serves the suite's methods (conformance)",
    },
    only: { type: 'string', value: 'TEXT', help: 'only the checks whose name contains this' },
    concurrency: { type: 'string', value: 'N', help: 'how many checks run at a time (4)' },
    timeout: { type: 'string', value: 'MS', help: 'how long any one answer may take (5000)' },
    'start-timeout': { type: 'string', value: 'MS', help: 'how long the plugin may take to start (10000)' },
    cookie: { type: 'string', value: 'KEY=VALUE', help: 'the magic cookie, if the plugin expects another' },
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
    cmd: [file, ...args],
    ...(service === undefined ? {} : { service }),
    ...(only === undefined ? {} : { only }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(startTimeoutMs === undefined ? {} : { startTimeoutMs }),
    ...(handshake === undefined ? {} : { handshake }),
  });
  if (suite.checks.length === 0)
    throw new UsageError(`--only: no check has this in its name; got ${JSON.stringify(only)}`);
  const report = await suite.run(concurrency === undefined ? {} : { concurrency });
  await print(
    io,
    line.values.json === true ? `${JSON.stringify(facts(report))}\n` : `${report.toString()}\n`,
  );
  return statusOf(report.ok ? 'answered' : 'found');
}

function facts(report: ConformanceReport): object {
  return {
    ok: report.ok,
    passed: report.passed.length,
    failed: report.failed.length,
    doesNotApply: report.doesNotApply.length,
    durationMs: Math.round(report.durationMs),
    checks: report.results.map(({ check: { section, name }, outcome }) => ({ section, name, ...outcome })),
  };
}
