/** Finds every link of a page, in Markdown and in HTML, with its place. */
import type { Nodes, Parents, Root } from 'mdast';
import { SKIP, visit } from 'unist-util-visit';
import { htmlPieces } from '../html.ts';
import { placeOf, placeWithin, type Place } from '../markdown.ts';

export interface Target {
  url: string;
  /**
   * True for an image, a video or a sound, whose target must be a file. A link may also lead to a directory.
   */
  embeds: boolean;
  place: Place;
}

export interface MissingReference {
  label: string;
  place: Place;
}

export function targetsOf(root: Root): Target[] {
  const targets: Target[] = [];
  visit(root, (node) => {
    if (node.type === 'link' || node.type === 'definition')
      targets.push({ url: node.url, embeds: false, place: placeOf(node) });
    if (node.type === 'image') targets.push({ url: node.url, embeds: true, place: placeOf(node) });
    if (node.type !== 'html') return;
    for (const piece of htmlPieces(node)) {
      if (piece.type !== 'open') continue;
      const { name, attributes, place } = piece;
      const add = (url: string | undefined, embeds: boolean): void => {
        if (url !== undefined) targets.push({ url: url.trim(), embeds, place });
      };
      if (name === 'a') add(attributes['href'], false);
      if (['img', 'source', 'video', 'audio'].includes(name)) add(attributes['src'], true);
      if (name === 'video') add(attributes['poster'], true);
      if (name === 'img' || name === 'source')
        for (const url of sourceSet(attributes['srcset'] ?? '')) add(url, true);
    }
  });
  return targets;
}

function sourceSet(srcset: string): string[] {
  return srcset.split(/,\s+/).flatMap((candidate) => candidate.trim().split(/\s+/, 1).filter(Boolean));
}

/**
 * Returns references such as `[text][label]` whose label is not defined. A Markdown parser treats such
 * references as plain text. So this function searches the source, after it has blanked out all code, links,
 * images and HTML.
 */
export function missingReferences(root: Root, source: string): MissingReference[] {
  const missing: MissingReference[] = [];
  visit(root, (node) => {
    if (node.type !== 'paragraph' && node.type !== 'heading' && node.type !== 'tableCell') return;
    const prose = plainSource(node, source);
    // A match must not follow a word or a bracket, because `list[0][1]` and the like are not references.
    for (const match of prose.matchAll(/(?<![\\\w\])])\[([^[\]]+)\]\[([^[\]]*)\]/g)) {
      const [, text = '', given = ''] = match;
      const label = given.trim() === '' ? text : given;
      if (/^[\s\dxX]*$/.test(label) || text.startsWith('^')) continue;
      missing.push({
        label: label.replace(/\s+/g, ' '),
        place: placeWithin(prose, match.index, placeOf(node)),
      });
    }
    return SKIP;
  });
  return missing;
}

/**
 * Returns the source of a node, with letters in place of code, and spaces in place of links, images and HTML.
 * The length stays the same.
 */
function plainSource(node: Parents, source: string): string {
  const start = offsets(node).start;
  let plain = source.slice(start, offsets(node).end);
  const blank = (child: Nodes, by: string): void => {
    const { start: from, end: to } = offsets(child);
    const covered = plain.slice(from - start, to - start).replace(/[^\n]/g, by);
    plain = plain.slice(0, from - start) + covered + plain.slice(to - start);
  };
  visit(node, (child) => {
    switch (child.type) {
      case 'inlineCode':
        blank(child, 'x');
        return SKIP;
      case 'link':
      case 'image':
      case 'linkReference':
      case 'imageReference':
      case 'footnoteReference':
      case 'html':
        blank(child, ' ');
        return SKIP;
      default:
        return;
    }
  });
  return plain;
}

function offsets(node: Nodes): { start: number; end: number } {
  return { start: node.position?.start.offset ?? 0, end: node.position?.end.offset ?? 0 };
}
