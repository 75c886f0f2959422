/** How much there is to read on a page, and how hard: words, sentences, Flesch's reading ease. */
import type { Nodes, Root } from 'mdast';
import type { Readability } from 'docs-check-contract';
import { toString } from 'mdast-util-to-string';
import { syllable } from 'syllable';
import { SKIP, visit } from 'unist-util-visit';

const wordsPerMinute = 238; // Brysbaert 2019, a mean over 190 studies of silent reading of English.
/** Under this many words the figure says more about chance than about the text. */
const fewestWordsForEase = 100;

const sentences = new Intl.Segmenter('en', { granularity: 'sentence' });
const words = new Intl.Segmenter('en', { granularity: 'word' });

export function readabilityOf(root: Root): Readability {
  const total = { words: 0, sentences: 0, latin: 0, syllables: 0 };
  for (const block of proseOf(root)) {
    const found = wordsOf(block);
    if (found.length === 0) continue;
    total.words += found.length;
    total.sentences += Math.max(
      1,
      [...sentences.segment(block)].filter((part) => /\p{L}/u.test(part.segment)).length,
    );
    for (const word of found) {
      if (!/^[\p{Script=Latin}'’]+$/u.test(word)) continue;
      total.latin += 1;
      total.syllables += syllablesOf(word.toLowerCase());
    }
  }
  const report: Readability = {
    type: 'readability',
    words: total.words,
    sentences: total.sentences,
    minutes: total.words / wordsPerMinute,
  };
  if (total.words >= fewestWordsForEase && total.latin >= total.words * 0.7) {
    const ease = 206.835 - 1.015 * (total.words / total.sentences) - 84.6 * (total.syllables / total.latin);
    report.ease = Math.round(ease * 10) / 10;
  }
  return report;
}

/** The texts that are read as sentences, one a paragraph or cell; no headings, no code blocks, no pictures. */
function proseOf(root: Root): string[] {
  const blocks: string[] = [];
  visit(root, (node: Nodes) => {
    if (node.type === 'heading' || node.type === 'definition') return SKIP;
    if (node.type !== 'paragraph' && node.type !== 'tableCell') return;
    blocks.push(toString(withoutCode(node), { includeHtml: false, includeImageAlt: false }).trim());
    return SKIP;
  });
  return blocks.filter((block) => block !== '');
}

/** A name in code counts as one short word, however long: a reader takes it in at a glance and speaks none of it. */
function withoutCode(node: Nodes): Nodes {
  if (node.type === 'inlineCode') return { type: 'text', value: 'code' };
  if (!('children' in node)) return node;
  return { ...node, children: node.children.map(withoutCode) } as Nodes;
}

function wordsOf(block: string): string[] {
  // Segmenting costs more than anything else here, and ASCII needs no dictionary for it.
  if (/^[\x20-\x7e\n]*$/.test(block)) return block.match(/[A-Za-z\d]+(?:['.,][A-Za-z\d]+)*/g) ?? [];
  return [...words.segment(block)].filter((part) => part.isWordLike).map((part) => part.segment);
}

const known = new Map<string, number>();

function syllablesOf(word: string): number {
  let count = known.get(word);
  if (count === undefined) known.set(word, (count = Math.max(1, syllable(word))));
  return count;
}
