/** Checks how a page reads: its headings and its sentences. */
import type { Checker, Page, Report } from 'docs-check-contract';
import type { Root } from 'mdast';
import { parseMarkdown } from '../markdown.ts';
import { outlineOf } from '../outline.ts';
import { checkHeadings } from './headings.ts';
import { readabilityOf } from './readability.ts';

export class ProseChecker implements Checker {
  words = 0;

  async about(): Promise<{ title: string }> {
    return { title: 'headings, readability' };
  }

  async *check(page: Page, options: { signal?: AbortSignal } = {}): AsyncIterable<Report> {
    const root = parseMarkdown(page.text);
    const { headings } = outlineOf(root);
    yield* checkHeadings(headings, hasTitleInFrontMatter(root));
    options.signal?.throwIfAborted();
    const readability = readabilityOf(root);
    this.words += readability.words;
    yield readability;
    yield { type: 'tally', counts: { headings: headings.length, words: readability.words } };
  }
}

function hasTitleInFrontMatter(root: Root): boolean {
  const first = root.children[0];
  return first?.type === 'yaml' && /^title\s*:/m.test(first.value);
}
