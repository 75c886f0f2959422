/** The command `pipework-conformance [options] -- ./my-plugin args`. */
import { parseArgs } from 'node:util';
import { conformance } from './suite.ts';

const usage = `Usage: pipework-conformance [options] -- FILE [ARGS...]

Starts the plugin as a host would, again and again, and checks that it keeps the protocol.
Exit status: 0 when no check failed, 1 when one did, 2 for a wrong command line.

  --service NAME        the name that serves the suite's methods (conformance)
  --cookie KEY=VALUE    the magic cookie that the plugin expects
  --timeout MS          how long any one answer may take (5000)
  --concurrency N       how many checks run at a time (4)
  --help                this text
`;

/** Runs the command; resolves with its exit status. `write` takes standard output, `complain` standard error. */
export async function main(
  argv: readonly string[],
  write: (text: string) => void,
  complain: (text: string) => void,
): Promise<number> {
  const at = argv.indexOf('--');
  const own = at < 0 ? argv : argv.slice(0, at);
  const [file, ...args] = at < 0 ? [] : argv.slice(at + 1);
  let values;
  try {
    ({ values } = parseArgs({
      args: [...own],
      options: {
        service: { type: 'string' },
        cookie: { type: 'string' },
        timeout: { type: 'string' },
        concurrency: { type: 'string' },
        help: { type: 'boolean' },
      },
    }));
  } catch (error) {
    complain(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return 2;
  }
  if (values.help === true) {
    write(usage);
    return 0;
  }
  if (file === undefined) {
    complain(`No plugin given: put its command line behind --\n\n${usage}`);
    return 2;
  }
  const [key, ...value] = values.cookie?.split('=') ?? [];
  const numbers = { timeout: Number(values.timeout ?? 5_000), concurrency: Number(values.concurrency ?? 4) };
  for (const [name, number] of Object.entries(numbers)) {
    if (Number.isInteger(number) && number > 0) continue;
    complain(`--${name}: expected a whole number above 0; came ${String(values[name as 'timeout'])}\n`);
    return 2;
  }
  const suite = conformance({
    cmd: [file, ...args],
    timeoutMs: numbers.timeout,
    ...(values.service === undefined ? {} : { service: values.service }),
    ...(key === undefined ? {} : { handshake: { magicCookieKey: key, magicCookieValue: value.join('=') } }),
  });
  const report = await suite.run({ concurrency: numbers.concurrency });
  write(`${report.toString()}\n`);
  return report.ok ? 0 : 1;
}
