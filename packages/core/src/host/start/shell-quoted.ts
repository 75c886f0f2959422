import { printableLine } from '../../base/printable.ts';

/** Matches words that a shell reads unchanged. On Windows, a backslash is an ordinary character. */
const plain = process.platform === 'win32' ? /^[\w@%+=:,./…\\-]+$/ : /^[\w@%+=:,./…-]+$/;

/**
 * Quotes a word for a POSIX shell: in single quotes, if the word needs them. A word with line breaks or
 * control characters becomes one line, in the form `$'...'`, which Bash and Zsh read.
 */
export function shellQuoted(word: string): string {
  if (plain.test(word)) return word;
  if (printableLine(word, Infinity) === word) return `'${word.replaceAll("'", `'\\''`)}'`;
  return `$'${printableLine(word.replaceAll(/[\\']/g, '\\$&'), Infinity)}'`;
}
