/**
 * Makes text of another process safe to show. Everything that pipework puts into a message, a note or a log
 * record passes through here. The raw bytes that sinks and tails get are not changed.
 */

// Ranges are used rather than \p{Cc}, because V8 would collect Unicode's tables for \p{Cc} when it parses
// this file.
/**
 * Control characters (except tab and line feed), line and paragraph separators, and the controls of
 * bidirectional text. These controls change the order in which text is shown.
 */
export const unprintable: RegExp =
  // oxlint-disable-next-line no-control-regex -- the pattern finds these characters
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
export const eachUnprintable: RegExp = new RegExp(unprintable, 'g');
/**
 * The carriage returns of Windows line breaks, and sequences that only choose a colour. Both are removed
 * without a replacement.
 */
// oxlint-disable-next-line no-control-regex -- as above
const meaningless = /\r(?=\n)|\u001b\[[\d;:]*m/g;

/**
 * Returns `text` without anything that a terminal or a log viewer would obey. Colours are removed. Every
 * other escape sequence, control character and direction mark is written out, as in `\x1b` or `\u202e`. Tabs
 * and line feeds are kept. In a text of more than 65,536 characters, each unprintable character becomes one
 * U+FFFD instead, so that the text does not grow. Takes linear time.
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
  if (text.length > longText) return printableLong(text);
  return text.replace(meaningless, '').replace(eachUnprintable, escape);
}

/**
 * Above this length, U+FFFD replaces each unprintable character, because an escape takes four to six
 * characters.
 */
export const longText = 65_536;
const escapeCode = 0x1b;

/**
 * Handles a long text in pieces. Most of the time is saved because no function is called for each character.
 */
function printableLong(text: string): string {
  const pieces: string[] = [];
  let from = 0;
  while (from < text.length) {
    const end = endOfPiece(text, from);
    const piece = text.slice(from, end);
    pieces.push(unprintable.test(piece) ? replaced(piece, text.charAt(end)) : piece);
    from = end;
  }
  return pieces.join('');
}

/** A sequence that chooses a colour has at most about this many characters. */
const longColour = 64;

/** Returns where the piece that begins at `from` ends. A piece does not end within a colour's sequence. */
function endOfPiece(text: string, from: number): number {
  const end = from + longText;
  if (end >= text.length) return text.length;
  const start = text.slice(end - longColour, end).lastIndexOf('\u001b');
  return start < 0 ? end : end - longColour + start;
}

/** Returns a piece with U+FFFD for everything unprintable. `next` is the character that follows the piece. */
function replaced(piece: string, next: string): string {
  const { length } = piece;
  const bytes = Buffer.from(piece + next, 'utf16le');
  const units = new Uint16Array(bytes.buffer, bytes.byteOffset, length + next.length);
  const kinds = kindsOfUnits();
  let to = 0;
  for (let at = 0; at < length; at++) {
    const unit = units[at]!;
    if (kinds[unit] === 0) {
      units[to++] = unit;
    } else if (unit === 0x0d && units[at + 1] === 0x0a) {
      continue;
    } else {
      const end = unit === escapeCode ? colourEnd(units, at, length) : 0;
      if (end > 0) at = end;
      else units[to++] = 0xfffd;
    }
  }
  return bytes.toString('utf16le', 0, 2 * to);
}

/**
 * If the escape sequence at `from` only chooses a colour, returns the index of its last unit; otherwise 0.
 */
function colourEnd(units: Uint16Array, from: number, end: number): number {
  if (units[from + 1] !== 0x5b) return 0;
  let at = from + 2;
  // Digits, colons and semicolons.
  while (at < end && units[at]! >= 0x30 && units[at]! <= 0x3b) at++;
  return at < end && units[at] === 0x6d ? at : 0;
}

let unitKinds: Uint8Array | undefined;

/** Returns a table that has 1 for each UTF-16 unit that is unprintable, and 0 for every other. */
function kindsOfUnits(): Uint8Array {
  unitKinds ??= Uint8Array.from({ length: 0x1_0000 }, (_, unit) =>
    Number(unprintable.test(String.fromCharCode(unit))),
  );
  return unitKinds;
}

/**
 * Returns text of another process as one line, with everything unprintable written out, including colours and
 * line breaks. Only the first `most` characters of a longer text are shown.
 */
export function printableLine(text: string, most = 200): string {
  const short = text.length > most ? `${text.slice(0, most)}…` : text;
  return short.replace(eachUnprintable, escape).replace(/[\t\n]/g, escape);
}

/** The name of the method by which an object defines how `console.log` shows it. */
export const inspectCustom: unique symbol = Symbol.for('nodejs.util.inspect.custom') as never;

/**
 * The arguments that `util.inspect` passes to a method under {@link inspectCustom}, as far as the method uses
 * them.
 */
export type InspectArguments = [depth: number, options: { readonly colors?: boolean }, inspect: Inspect];

interface Inspect {
  (value: unknown, options: object): string;
  readonly styles: object;
  readonly colors: object;
}

/**
 * Inspects an error whose fields hold text of another process, and returns the text to show. Writes out
 * everything unprintable except the colours of `util.inspect`.
 */
export function inspectPrintably(this: unknown, ...[, options, inspect]: InspectArguments): string {
  const text = inspect(this, { ...options, customInspect: false });
  const own = options.colors === true ? coloursOf(inspect) : new Set<string>();
  return text.replace(eachOfInspection, (found) =>
    own.has(found) ? found : found.replace(eachUnprintable, escape),
  );
}

/** Matches everything unprintable. A sequence that chooses a colour is one match. */
// oxlint-disable-next-line no-control-regex -- as above
const eachOfInspection = new RegExp(`\\u001b\\[\\d{1,3}m|${unprintable.source}`, 'g');

/** Returns the sequences by which `util.inspect` chooses colours. */
function coloursOf({ styles, colors }: Inspect): Set<string> {
  // Since Node 24, the style of a regular expression is a function that has its colours in a list.
  const names = Object.values(styles).flatMap((style: unknown) =>
    typeof style === 'function' ? (style as { colors?: unknown }).colors : style,
  );
  const codes = names.flatMap((name) => (colors as Record<string, number[]>)[String(name)] ?? []);
  return new Set(codes.map((code) => `\u001b[${code}m`));
}

const escapes = new Map<string, string>();

export function escape(character: string): string {
  let text = escapes.get(character);
  if (text === undefined) escapes.set(character, (text = escapeOf(character.charCodeAt(0))));
  return text;
}

function escapeOf(code: number): string {
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}
