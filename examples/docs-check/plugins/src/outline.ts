/** The headings and anchors of a page, with the names that GitHub gives them. */
import type { Root } from 'mdast';
import GithubSlugger from 'github-slugger';
import { toString } from 'mdast-util-to-string';
import { SKIP, visit } from 'unist-util-visit';
import { htmlPieces } from './html.ts';
import { placeOf, type Place } from './markdown.ts';

export interface Heading {
  /** 1 for the page's title, 6 for the deepest heading. */
  depth: number;
  text: string;
  slug: string;
  place: Place;
  /**
   * True if the heading is inside a list or a quotation, or written in HTML. Such a heading does not count in
   * the page's order of headings.
   */
  loose: boolean;
}

export interface Outline {
  headings: Heading[];
  /**
   * The names that a link such as `#name` can use: slugs of headings, ids and names in HTML, and footnotes.
   */
  anchors: Set<string>;
}

/** Reads headings in order, because the number in a repeated slug depends on the order. */
export function outlineOf(root: Root): Outline {
  const slugger = new GithubSlugger();
  const headings: Heading[] = [];
  const anchors = new Set<string>();
  let open: { depth: number; text: string; place: Place } | undefined;

  const add = (heading: Omit<Heading, 'slug'>): void => {
    const slug = slugger.slug(heading.text);
    headings.push({ ...heading, slug });
    anchors.add(slug);
  };

  visit(root, (node, _index, parent) => {
    switch (node.type) {
      case 'heading': {
        const text = toString(node, { includeHtml: false, includeImageAlt: false }).trim();
        add({ depth: node.depth, text, place: placeOf(node), loose: parent?.type !== 'root' });
        return;
      }
      case 'text':
      case 'inlineCode':
        if (open) open.text += node.value;
        return;
      case 'html':
        for (const piece of htmlPieces(node, open && `h${open.depth}`)) {
          if (piece.type === 'text') {
            if (open) open.text += piece.value;
          } else if (piece.type === 'open') {
            for (const anchor of [piece.attributes['id'], piece.attributes['name']])
              if (anchor) anchors.add(anchor);
            const depth = /^h([1-6])$/.exec(piece.name)?.[1];
            if (depth) open = { depth: Number(depth), text: '', place: piece.place };
          } else if (open && piece.name === `h${open.depth}`) {
            add({ ...open, text: open.text.replace(/\s+/g, ' ').trim(), loose: true });
            open = undefined;
          }
        }
        return;
      case 'footnoteDefinition':
        anchors.add(`fn-${node.identifier}`);
        return;
      case 'code':
      case 'yaml':
        return SKIP;
      default:
        return;
    }
  });
  return { headings, anchors };
}
