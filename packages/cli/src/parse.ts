/** Takes a command line apart by a command's own data. */
import { parseArgs } from 'node:util';
import type { Command, CommandLine } from './command.ts';
import { UsageError } from './exit-status.ts';

/** Marks a negative number, so that the parser takes it for an operand. No argument of a process can hold this character. */
const mark = '\0';

export const helpOption = { type: 'boolean', help: 'print this text' } as const;

/** Everything behind the first `--` belongs to the plugin. */
export function splitAtPlugin(argv: readonly string[]): { own: readonly string[]; plugin?: string[] } {
  const at = argv.indexOf('--');
  return at < 0 ? { own: argv } : { own: argv.slice(0, at), plugin: argv.slice(at + 1) };
}

/** Returns `'help'` if help is asked for. Throws a UsageError that names what is wrong. */
export function parse(command: Command, argv: readonly string[]): CommandLine | 'help' {
  const { own, plugin } = splitAtPlugin(argv);
  const { values, positionals } = parseOptions(command, own);
  if (values.help === true) return 'help';
  const operands = positionals.map(unmarked);
  const [atLeast, atMost] = command.operandCount;
  if (operands.length < atLeast) throw new UsageError(`expected ${command.operands}; got nothing`);
  if (operands.length > atMost) {
    const hint = command.takesPlugin && plugin === undefined ? '. Put the plugin behind --' : '';
    throw new UsageError(`unexpected argument ${JSON.stringify(operands[atMost])}${hint}`);
  }
  if (command.takesPlugin && (plugin?.[0] ?? '') === '')
    throw new UsageError('no plugin given: put its command line behind --, as in -- node plugin.js');
  if (!command.takesPlugin && plugin !== undefined)
    throw new UsageError(`${command.name} takes no plugin; got --`);
  return { operands, values, plugin: plugin ?? [] };
}

const unmarked = (text: string): string => (text.startsWith(mark) ? text.slice(1) : text);

function parseOptions(
  command: Command,
  own: readonly string[],
): { values: Record<string, string | boolean | undefined>; positionals: string[] } {
  const options = Object.fromEntries(
    Object.entries({ ...command.options, help: helpOption }).map(([name, { type }]) => [
      name,
      name === 'help' ? { type, short: 'h' } : { type },
    ]),
  );
  try {
    const { values, positionals } = parseArgs({
      args: own.map((arg) => (/^-\.?\d/.test(arg) ? mark + arg : arg)),
      options,
      allowPositionals: true,
      strict: true,
    });
    const entries = Object.entries(values).map(([name, value]) => [
      name,
      typeof value === 'string' ? unmarked(value) : value,
    ]);
    return {
      values: Object.fromEntries(entries) as Record<string, string | boolean | undefined>,
      positionals,
    };
  } catch (error) {
    const { code = '', message } = error as Error & { code?: string };
    if (!code.startsWith('ERR_PARSE_ARGS')) throw error;
    throw new UsageError(explain(command, code, message), { cause: error });
  }
}

/** The parser's first sentence, and which options there are if one was unknown. */
function explain(command: Command, code: string, message: string): string {
  const sentence = message.split(/[.\n] ?/)[0] ?? message;
  const said = sentence.charAt(0).toLowerCase() + sentence.slice(1);
  if (code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return said;
  const names = [...Object.keys(command.options), 'help'].map((name) => `--${name}`);
  return `${said}; the options of ${command.name} are ${names.join(', ')}`;
}

/** The value of an option that is a whole number above 0. */
export function wholeNumber({ values }: CommandLine, name: string): number | undefined {
  const given = values[name];
  if (given === undefined) return undefined;
  const number = Number(given);
  // What a timer of Node can wait for.
  if (/^\d+$/.test(String(given)) && number > 0 && number < 2 ** 31) return number;
  throw new UsageError(
    `--${name}: expected a whole number above 0 and below ${2 ** 31}; got ${JSON.stringify(given)}`,
  );
}

export function text({ values }: CommandLine, name: string): string | undefined {
  const given = values[name];
  return typeof given === 'string' ? given : undefined;
}

/** The value of an option that takes only some. */
export function choice<T extends string>(
  line: CommandLine,
  name: string,
  choices: readonly T[],
): T | undefined {
  const given = text(line, name);
  const chosen = choices.find((one) => one === given);
  if (given === undefined || chosen !== undefined) return chosen;
  throw new UsageError(`--${name}: expected ${choices.join(', ')}; got ${JSON.stringify(given)}`);
}

/** The value of `--cookie KEY=VALUE`. */
export function cookieOf(
  line: CommandLine,
): { readonly magicCookieKey: string; readonly magicCookieValue: string } | undefined {
  const given = text(line, 'cookie');
  if (given === undefined) return undefined;
  const at = given.indexOf('=');
  if (at < 1 || at === given.length - 1)
    throw new UsageError(`--cookie: expected KEY=VALUE; got ${JSON.stringify(given)}`);
  return { magicCookieKey: given.slice(0, at), magicCookieValue: given.slice(at + 1) };
}
