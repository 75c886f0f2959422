/**
 * Finds where the plugin's command line begins within the whole command line. If the `--` before it is
 * missing, corrects the command line.
 */
import { shellQuoted } from '@pipework/core';
import type { Command } from './command.ts';
import { looksLikeProgram, startable } from './program.ts';

/** Splits the words at the first `--`. The words after it are the plugin's command line. */
export function splitAtPlugin(argv: readonly string[]): { own: readonly string[]; plugin?: string[] } {
  const at = argv.indexOf('--');
  return at < 0 ? { own: argv } : { own: argv.slice(0, at), plugin: argv.slice(at + 1) };
}

/** Returns a command line of `pipework` with these words, as the user would type it. */
export const typed = (...words: readonly string[]): string =>
  ['pipework', ...words].map(shellQuoted).join(' ');

/**
 * True if the word after the first `--` is an option. Then this `--` is inside the plugin's command line,
 * because no plugin's command line begins with an option.
 */
export const isSplitInside = (argv: readonly string[]): boolean =>
  splitAtPlugin(argv).plugin?.[0]?.startsWith('-') === true;

/**
 * Returns the command line with `--` inserted before the plugin's command line. Returns undefined if the `--`
 * is already there, or if it is unclear where the plugin's command line begins. A `--` that follows a program
 * counts as a part of that program's command line.
 */
export function corrected(command: Command, argv: readonly string[], cwd: string): string | undefined {
  if (!command.takesPlugin) return undefined;
  const { own, plugin } = splitAtPlugin(argv);
  const isMissing = plugin === undefined || isSplitInside(argv);
  const before: string[] = [];
  const behind: string[] = [];
  let operands = 0;
  for (let index = 0; index < own.length; index += 1) {
    const word = own[index] ?? '';
    const length = lengthOfOption(command, word);
    // All options of the command itself move before the `--`.
    if (length > 0) {
      before.push(...own.slice(index, index + length));
      index += length - 1;
    } else if (behind.length > 0 || begins(command, word, operands)) behind.push(word);
    else if (isOption(word)) return undefined;
    else {
      before.push(word);
      operands += 1;
    }
  }
  const [first] = behind;
  if (first === undefined || (!isMissing && !looksLikeProgram(first))) return undefined;
  const whole = [...behind, ...(plugin ?? [])];
  return typed(command.name, ...before, '--', ...(startable(whole, cwd)?.words ?? whole));
}

const isOption = (word: string): boolean => /^-[^\d.]/.test(word);

/**
 * If `word` is the name of one of the command's options, returns how many words the option and its value are.
 * Otherwise returns 0.
 */
function lengthOfOption({ options }: Command, word: string): number {
  const [, name = '', value] = /^--([^=]+)(=.*)?$/s.exec(word) ?? [];
  const option = Object.hasOwn(options, name) ? options[name] : undefined;
  if (option === undefined) return 0;
  return option.type === 'string' && value === undefined ? 2 : 1;
}

function begins({ operandCount: [atLeast, atMost] }: Command, word: string, operands: number): boolean {
  if (isOption(word) || operands < atLeast) return false;
  return operands >= atMost || looksLikeProgram(word);
}
