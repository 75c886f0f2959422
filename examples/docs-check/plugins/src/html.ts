/** Reads raw HTML inside Markdown: its tags in order, with their attributes and places. */
import type { Html } from 'mdast';
import { Parser } from 'htmlparser2';
import { placeOf, placeWithin, type Place } from './markdown.ts';

export type HtmlPiece =
  | { type: 'open'; name: string; attributes: Record<string, string>; place: Place }
  | { type: 'close'; name: string }
  | { type: 'text'; value: string };

/**
 * @param inside The name of a tag that an earlier piece of HTML left open. Markdown parsers return HTML in
 * pieces, and an HTML parser ignores an end tag whose start tag is in an earlier piece. So this function
 * repeats that start tag for the parser.
 */
export function htmlPieces(node: Html, inside?: string): HtmlPiece[] {
  const pieces: HtmlPiece[] = [];
  const lead = inside === undefined ? '' : `<${inside}>`;
  const parser: Parser = new Parser({
    onopentag(name, attributes) {
      const index = parser.startIndex - lead.length;
      if (index < 0) return;
      pieces.push({ type: 'open', name, attributes, place: placeWithin(node.value, index, placeOf(node)) });
    },
    onclosetag(name, isImplied) {
      if (!isImplied) pieces.push({ type: 'close', name });
    },
    ontext(value) {
      pieces.push({ type: 'text', value });
    },
  });
  parser.end(lead + node.value);
  return pieces;
}
