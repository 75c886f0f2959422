/**
 * Makes text of another process safe to show. Everything that pipework puts into a message, a note or a log
 * record passes through here. Raw bytes (sinks, tails) are not changed.
 */

// Ranges are used rather than \p{Cc}, because V8 would collect Unicode's tables for it when it parses this
// file.
/**
 * Control characters except tab and line feed, line and paragraph separators, and the controls of
 * bidirectional text, which change the order in which text is shown.
 */
const unprintable =
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const eachUnprintable = new RegExp(unprintable, 'g');
/** Windows line breaks, and sequences that only choose a colour. Both are removed without a trace. */
// oxlint-disable-next-line no-control-regex -- as above
const meaningless = /\r(?=\n)|\u001b\[[\d;:]*m/g;

/**
 * Returns `text` without anything that a terminal or a log viewer would obey. Colours are removed. Every
 * other escape sequence, control character and direction mark is written as `\x1b` or `\u202e`. Tabs and line
 * feeds stay. Takes linear time.
 *
 * @example
 * ```ts
 * import { printable } from '@pipework/core';
 *
 * console.log(printable('\x1b[31mred\x1b[0m and \x1b[2J')); // red and \x1b[2J
 * ```
 */
export function printable(text: string): string {
  if (!unprintable.test(text)) return text;
  return text.replace(meaningless, '').replace(eachUnprintable, escape);
}

/**
 * Returns text as one line that shows exactly what was received. Everything unprintable is written out,
 * including colours and line breaks. It has at most `most` characters.
 */
export function printableLine(text: string, most = 200): string {
  const short = text.length > most ? `${text.slice(0, most)}…` : text;
  return short.replace(eachUnprintable, escape).replace(/[\t\n]/g, escape);
}

/** The name of the method by which an object defines how `console.log` shows it. */
export const inspectCustom: unique symbol = Symbol.for('nodejs.util.inspect.custom') as never;

/** Shows an error whose fields hold text of another process. */
export function inspectPrintably(
  this: unknown,
  _depth: number,
  options: object,
  inspect: (value: unknown, options: object) => string,
): string {
  return printableInspection(inspect(this, { ...options, customInspect: false }));
}

/**
 * Writes out the direction marks in text from `util.inspect`, which has already escaped every other
 * unprintable character.
 */
export function printableInspection(text: string): string {
  return text.replace(/[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, escape);
}

const escapes = new Map<string, string>();

function escape(character: string): string {
  let text = escapes.get(character);
  if (text === undefined) escapes.set(character, (text = escapeOf(character.charCodeAt(0))));
  return text;
}

function escapeOf(code: number): string {
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}
