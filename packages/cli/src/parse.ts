/** Parses a command line, and checks it against the data of its command. */
import { parseArgs } from 'node:util';
import type { Command, CommandLine } from './command.ts';
import { corrected, isSplitInside, splitAtPlugin, typed } from './correction.ts';
import { UsageError } from './exit-status.ts';
import { listed, nearest } from './spelling.ts';

/**
 * A character that is put before a negative number, so that `parseArgs()` does not take the number for an
 * option. No argument of a process can contain this character.
 */
const mark = '\0';

export const helpOption = { type: 'boolean', help: 'print this text' } as const;

/**
 * Parses the words after the command's name. Returns `'help'` if the user asked for help. Throws a UsageError
 * that names the mistake.
 */
export function parse(command: Command, argv: readonly string[], cwd: string): CommandLine | 'help' {
  const { own, plugin } = splitAtPlugin(argv);
  refuseChanged(command, own, plugin ?? []);
  const meant = corrected(command, argv, cwd);
  const hint = meant === undefined ? '' : `. The command line of the plugin goes after --:\n  ${meant}`;
  const { values, positionals } = parseOptions(command, own, hint);
  if (values.help === true) return 'help';
  refuseWrongValues(command, values);
  const operands = positionals.map(unmarked);
  if (plugin !== undefined && meant !== undefined)
    throw new UsageError(`the -- stands inside the command line of the plugin${hint}`);
  const [atLeast, atMost] = command.operandCount;
  if (operands.length < atLeast) throw new UsageError(`expected ${command.operands}; got nothing`);
  if (operands.length > atMost)
    throw new UsageError(`unexpected argument ${JSON.stringify(operands[atMost])}${hint}`);
  if (command.takesPlugin && isSplitInside(argv))
    throw new UsageError(`expected a program after --; got ${JSON.stringify(plugin?.[0])}`);
  if (command.takesPlugin && (plugin?.[0] ?? '') === '')
    throw new UsageError(
      `no plugin given${hint === '' ? `: put its command line after --, as in\n  ${typed(command.name, ...own, '--', 'node', 'plugin.js')}` : hint}`,
    );
  if (!command.takesPlugin && plugin !== undefined)
    throw new UsageError(`${command.name} takes no plugin; got --`);
  return { operands, values, plugin: plugin ?? [] };
}

/**
 * Refuses words with U+FFFD. If an argument of a process is not UTF-8, Node puts U+FFFD in the place of its
 * bytes, so the plugin would get another text than the user typed.
 */
function refuseChanged({ options }: Command, own: readonly string[], plugin: readonly string[]): void {
  const changed = [...own, ...plugin].find((word) => word.includes('\ufffd'));
  if (changed === undefined) return;
  const hint =
    'stdin' in options && own.includes(changed)
      ? '. --stdin passes such bytes to a method, and \\ufffd in JSON is the character itself'
      : '';
  throw new UsageError(
    `expected arguments in UTF-8; got ${JSON.stringify(changed)}, where U+FFFD stands for bytes that Node could not read${hint}`,
  );
}

/**
 * Checks the values of options, before the operands are checked. If the user forgot a value, the option took
 * the first operand as its value, and only an error about the option shows this mistake.
 */
function refuseWrongValues({ options }: Command, values: CommandLine['values']): void {
  for (const [name, { value, choices, isList }] of Object.entries(options)) {
    if (value === 'MS' || value === 'N') wholeNumber({ values }, name);
    else if (choices !== undefined && isList !== true) choice({ values }, name, choices);
  }
}

const unmarked = (text: string): string => (text.startsWith(mark) ? text.slice(1) : text);

function parseOptions(
  command: Command,
  own: readonly string[],
  hint: string,
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
    throw new UsageError(explain(command, code, message, hint), { cause: error });
  }
}

/**
 * Returns the first sentence of the error of `parseArgs()`. For an unknown option, adds the corrected command
 * line, the option that was probably meant, or the list of options.
 */
function explain(command: Command, code: string, message: string, hint: string): string {
  const sentence = message.split(/[.\n] ?/)[0] ?? message;
  const said = sentence.charAt(0).toLowerCase() + sentence.slice(1);
  if (code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return said;
  if (hint !== '') return `${said}${hint}`;
  const names = [...Object.keys(command.options), 'help'].map((name) => `--${name}`);
  const meant = nearest(/'(--[^'=\s]+)/.exec(said)?.[1] ?? '', names);
  if (meant !== undefined) return `${said}; did you mean ${meant}?`;
  return `${said}; the options of ${command.name} are ${names.join(', ')}`;
}

/** Returns the value of an option that takes a whole number above 0; undefined if the option is absent. */
export function wholeNumber({ values }: Pick<CommandLine, 'values'>, name: string): number | undefined {
  const given = values[name];
  if (given === undefined) return undefined;
  const number = Number(given);
  // A timer of Node can't wait longer than 2 ** 31 - 1 milliseconds.
  if (/^\d+$/.test(String(given)) && number > 0 && number < 2 ** 31) return number;
  throw new UsageError(
    `--${name}: expected a whole number above 0 and below ${2 ** 31}; got ${JSON.stringify(given)}`,
  );
}

export function text({ values }: Pick<CommandLine, 'values'>, name: string): string | undefined {
  const given = values[name];
  return typeof given === 'string' ? given : undefined;
}

/**
 * Returns the value of an option that accepts only the texts in `choices`; undefined if the option is absent.
 */
export function choice<T extends string>(
  line: Pick<CommandLine, 'values'>,
  name: string,
  choices: readonly T[],
): T | undefined {
  const given = text(line, name);
  const chosen = choices.find((one) => one === given);
  if (given === undefined || chosen !== undefined) return chosen;
  throw new UsageError(`--${name}: expected ${listed(choices, 'or')}; got ${JSON.stringify(given)}`);
}

/** Returns the key and the value of `--cookie KEY=VALUE`. */
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
