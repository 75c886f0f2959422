/**
 * Formats text for a terminal: its width and its colours. Removes all control characters that a terminal
 * would obey.
 */
import { stripVTControlCharacters, styleText } from 'node:util';
import stringWidth from 'string-width';

export type Style = Parameters<typeof styleText>[0];
export type Paint = (style: Style, text: string) => string;

/**
 * Returns a function that colours text, or leaves it unchanged if the terminal has no colours. NO_COLOR and
 * FORCE_COLOR are respected.
 */
export function paintFor(stream: { hasColors?: () => boolean }): Paint {
  const wanted = process.env['FORCE_COLOR']
    ? process.env['FORCE_COLOR'] !== '0'
    : stream.hasColors?.() === true;
  return wanted && !process.env['NO_COLOR']
    ? (style, text) => styleText(style, text)
    : (_style, text) => text;
}

/** Returns `text`, which a document or a plugin supplied, on one line and without control characters. */
export function harmless(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\s+/g, ' ')
    .replace(/\p{Cc}/gu, '');
}

export interface Column {
  title: string;
  align?: 'right';
}

/** Returns a table. Columns are two spaces apart, with a line under the titles. */
export function table(columns: Column[], rows: string[][], paint: Paint): string {
  const widths = columns.map((column, index) =>
    Math.max(stringWidth(column.title), ...rows.map((row) => stringWidth(row[index] ?? ''))),
  );
  const line = (cells: string[]): string =>
    cells
      .map((cell, index) => pad(cell, widths[index] ?? 0, columns[index]?.align))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('──');
  return [paint('bold', line(columns.map((column) => column.title))), rule, ...rows.map(line)].join('\n');
}

export function pad(text: string, width: number, align?: 'right'): string {
  const space = ' '.repeat(Math.max(0, width - stringWidth(text)));
  return align === 'right' ? space + text : text + space;
}

const graphemes = new Intl.Segmenter();

/**
 * Shortens `text` to at most `width` columns. `…` replaces its beginning, because the end of a path says
 * more.
 */
export function shorten(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  const kept = Array.from(graphemes.segment(text), (part) => part.segment);
  while (kept.length > 0 && stringWidth(kept.join('')) > width - 1) kept.shift();
  return width > 0 ? `…${kept.join('')}` : '';
}

/** Returns a number with its noun, such as `1 page`, `2 pages` or `1,234 pages`. */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}
