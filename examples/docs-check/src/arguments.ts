/** The options that the user gave on the command line. */
import { parseArgs } from 'node:util';

export const usage: string = `Checks Markdown: links and anchors, headings and readability, code fences.

Usage: docs-check [options] [DIR or FILE ...]

Without a path it checks the Markdown under the current directory, and the READMEs
of the packages installed in its node_modules.

Options:
  --strict           exit with 1 when something is broken: an error, a plugin that
                     crashed, a page that could not be checked
  --packages         the installed packages' READMEs as well (--no-packages: never)
  --all              list the findings in installed packages one by one
  --plugins DIR      look for plugins here too: executable files docs-check-*;
                     may be given several times
  --jobs N           pages that a plugin is given at a time (4)
  --timeout SECONDS  for a plugin to check one page, before it is taken for hung (30)
  --json             the report as JSON
  --quiet            no progress, and nothing of what the plugins print
  --help             this text

Exit codes: 0 done, 1 something is broken (with --strict), 2 could not begin,
130 interrupted.
`;

export interface Arguments {
  paths: string[];
  strict: boolean;
  packages: boolean;
  all: boolean;
  plugins: string[];
  jobs: number;
  timeoutMs: number;
  json: boolean;
  quiet: boolean;
  help: boolean;
}

/** An invalid command line. The message is for the user. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export function readArguments(argv: string[]): Arguments {
  const { values, positionals } = parse(argv);
  return {
    paths: positionals.length > 0 ? positionals : ['.'],
    strict: values.strict,
    packages: !values['no-packages'] && (values.packages || positionals.length === 0),
    all: values.all,
    plugins: values.plugins,
    jobs: positive('--jobs', values.jobs, Number.isInteger),
    timeoutMs: positive('--timeout', values.timeout, Number.isFinite) * 1000,
    json: values.json,
    quiet: values.quiet,
    help: values.help,
  };
}

// No return type is declared, because TypeScript infers it from the table of options.
function parse(argv: string[]) {
  try {
    return parseArgs({
      args: argv.filter((argument, index) => argument !== '--' || index > 0), // pnpm passes its own `--` on.
      allowPositionals: true,
      options: {
        strict: { type: 'boolean', default: false },
        packages: { type: 'boolean', default: false },
        'no-packages': { type: 'boolean', default: false },
        all: { type: 'boolean', default: false },
        plugins: { type: 'string', multiple: true, default: [] },
        jobs: { type: 'string', default: '4' },
        timeout: { type: 'string', default: '30' },
        json: { type: 'boolean', default: false },
        quiet: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

function positive(option: string, given: string, fits: (value: number) => boolean): number {
  const value = Number(given);
  if (given.trim() !== '' && fits(value) && value > 0) return value;
  throw new UsageError(`${option} wants a number above 0, not "${given}"`);
}
