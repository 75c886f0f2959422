/**
 * Measures how much there is to read on a page, and how hard it is: words, sentences, Flesch's reading ease.
 */
import type { Nodes, Root } from 'mdast';
import type { Readability } from 'docs-check-contract';
import { toString } from 'mdast-util-to-string';
import { syllable } from 'syllable';
import { SKIP, visit } from 'unist-util-visit';

const wordsPerMinute = 238; // Brysbaert 2019, a mean over 190 studies of silent reading of English.
/** With fewer words, the reading ease would depend more on chance than on the text. */
const fewestWordsForEase = 100;

const sentences = new Intl.Segmenter('en', { granularity: 'sentence' });
const words = new Intl.Segmenter('en', { granularity: 'word' });

export function readabilityOf(root: Root): Readability {
  const total = { words: 0, sentences: 0 };
  /**
   * Counts only blocks that consist of sentences. A table or a list of names would make any text look easy.
   */
  const sample = { words: 0, sentences: 0, latin: 0, syllables: 0 };
  for (const { text, isCell } of proseOf(root)) {
    const found = wordsOf(text);
    if (found.length === 0) continue;
    const ends = Math.max(
      1,
      [...sentences.segment(text)].filter((part) => /\p{L}/u.test(part.segment)).length,
    );
    total.words += found.length;
    total.sentences += ends;
    if (isCell || !/[.!?:;。！？]["'”’)\]]*$/.test(text)) continue;
    sample.words += found.length;
    sample.sentences += ends;
    for (const word of found) {
      if (!/^[\p{Script=Latin}'’]+$/u.test(word)) continue;
      sample.latin += 1;
      sample.syllables += syllablesOf(word.toLowerCase());
    }
  }
  const report: Readability = { type: 'readability', ...total, minutes: total.words / wordsPerMinute };
  if (sample.words >= fewestWordsForEase && sample.latin >= sample.words * 0.7) {
    const wordsEach = sample.words / sample.sentences;
    const ease = 206.835 - 1.015 * wordsEach - 84.6 * (sample.syllables / sample.latin);
    report.ease = Math.round(ease * 10) / 10;
  }
  return report;
}

interface Block {
  text: string;
  isCell: boolean;
}

/**
 * Returns the text that a reader reads, one block for each paragraph or table cell. Headings, code blocks and
 * pictures are left out.
 */
function proseOf(root: Root): Block[] {
  const blocks: Block[] = [];
  visit(root, (node: Nodes) => {
    if (node.type === 'heading' || node.type === 'definition') return SKIP;
    if (node.type !== 'paragraph' && node.type !== 'tableCell') return;
    const text = toString(withoutCode(node), { includeHtml: false, includeImageAlt: false }).trim();
    if (text !== '') blocks.push({ text, isCell: node.type === 'tableCell' });
    return SKIP;
  });
  return blocks;
}

/**
 * Replaces inline code by one short word, however long the code is. A reader grasps code at a glance, and
 * does not pronounce it.
 */
function withoutCode(node: Nodes): Nodes {
  if (node.type === 'inlineCode') return { type: 'text', value: 'code' };
  if (!('children' in node)) return node;
  return { ...node, children: node.children.map(withoutCode) } as Nodes;
}

function wordsOf(block: string): string[] {
  // ASCII text is split without the segmenter, which costs more than everything else here.
  if (/^[\x20-\x7e\n]*$/.test(block)) return block.match(/[A-Za-z\d]+(?:['.,][A-Za-z\d]+)*/g) ?? [];
  return [...words.segment(block)].filter((part) => part.isWordLike).map((part) => part.segment);
}

const known = new Map<string, number>();

function syllablesOf(word: string): number {
  let count = known.get(word);
  if (count === undefined) known.set(word, (count = Math.max(1, syllable(word))));
  return count;
}
