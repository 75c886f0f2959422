/** The command `pipework-conformance [options] -- ./my-plugin args`. */
import { parseArgs } from 'node:util';
import { conformance, type ConformanceOptions } from './suite.ts';

const usage = `Usage: pipework-conformance [options] -- FILE [ARGS...]

Starts the plugin as a host would, again and again, and checks that it keeps the protocol.
Exit status: 0 when no check failed, 1 when one did, 2 for a wrong command line.

  --service NAME        the name that serves the suite's methods (conformance);
                        docs/other-languages.md#prove-it lists these methods
  --cookie KEY=VALUE    the magic cookie that the plugin expects
  --timeout MS          how long any one answer or exit may take (5000)
  --start-timeout MS    how long the plugin may take to its handshake line (10000)
  --only TEXT           only the checks whose name contains this
  --quick               without the checks that wait for long or move much
  --concurrency N       how many checks run at the same time; as many further checks, which mostly wait, run beside them (4)
  --help                this text
`;

/**
 * Runs the command, and resolves to its exit status. `write` receives the text for standard output, and
 * `complain` receives the text for standard error. If `signal` aborts, all plugins are ended, and the promise
 * rejects with the signal's reason.
 */
export async function main(
  argv: readonly string[],
  write: (text: string) => void,
  complain: (text: string) => void,
  signal?: AbortSignal,
): Promise<number> {
  let command: Command | 'help';
  try {
    command = parse(argv);
  } catch (error) {
    complain(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return 2;
  }
  if (command === 'help') {
    write(usage);
    return 0;
  }
  const suite = conformance(command.options);
  if (suite.checks.length === 0) {
    complain(`--only: no check has this in its name; got ${command.options.only ?? ''}\n`);
    return 2;
  }
  const report = await suite.run({
    concurrency: command.concurrency,
    ...(signal === undefined ? {} : { signal }),
  });
  write(`${report.toString()}\n`);
  return report.ok ? 0 : 1;
}

interface Command {
  readonly options: ConformanceOptions;
  readonly concurrency: number;
}

/** If the command line is wrong, throws an error whose message is one sentence. */
function parse(argv: readonly string[]): Command | 'help' {
  const at = argv.indexOf('--');
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: at < 0 ? [...argv] : argv.slice(0, at),
    options: {
      service: text,
      cookie: text,
      timeout: text,
      'start-timeout': text,
      only: text,
      concurrency: text,
      quick: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) return 'help';
  const [file, ...args] = at < 0 ? [] : argv.slice(at + 1);
  if (file === undefined) throw new Error('no plugin was given: put its command line after --');
  const count = (name: 'timeout' | 'start-timeout' | 'concurrency', fallback: number): number => {
    const given = values[name];
    const number = Number(given ?? fallback);
    if (Number.isInteger(number) && number > 0) return number;
    throw new Error(`--${name}: expected a whole number above 0; got ${String(given)}`);
  };
  const { service, only, cookie } = values;
  const [key, ...value] = cookie?.split('=') ?? [];
  if (key === '' || (key !== undefined && value.length === 0))
    throw new Error(`--cookie: expected KEY=VALUE; got ${String(cookie)}`);
  return {
    concurrency: count('concurrency', 4),
    options: {
      cmd: [file, ...args],
      timeoutMs: count('timeout', 5_000),
      startTimeoutMs: count('start-timeout', 10_000),
      quick: values.quick === true,
      ...(only === undefined ? {} : { only }),
      ...(service === undefined ? {} : { service }),
      ...(key === undefined ? {} : { handshake: { magicCookieKey: key, magicCookieValue: value.join('=') } }),
    },
  };
}
