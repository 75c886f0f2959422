// Reads the fenced blocks of the project's pages and docstrings, and for each block the HTML comment that
// names its origin.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { sourcePages } from '../../site/pages.mjs';

export const root: string = fileURLToPath(new URL('../..', import.meta.url));

/**
 * A fenced block of a page. An HTML comment immediately above the block gives its `origin`. `from: FILE`
 * means that the text is in that file, and `output: COMMAND` that the command prints it. `file: NAME` means
 * that the reader writes this file by hand, and `sketch: REASON` that no test can run the block.
 */
export interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly origin:
    { readonly kind: 'from' | 'output' | 'file' | 'sketch'; readonly value: string } | undefined;
  readonly text: string;
}

/** Returns the path of every Markdown file that the site shows. */
export const pages = (): string[] => ['README.md', 'site/home.md', ...sourcePages().keys()];

/**
 * Returns the text of each source in `folder`, without the star before each line of a docstring. Docstrings
 * are Markdown, and the site shows them.
 */
function docstringsOf(folder: string): { page: string; text: string }[] {
  const isSource = (name: string): boolean => name.endsWith('.ts') && !name.endsWith('.test.ts');
  return readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
    .filter(isSource)
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .map((page) => ({ page, text: read(page).replaceAll(/^ *\* ?/gm, '') }));
}

export const read = (page: string): string => readFileSync(root + page, 'utf8');

/** Returns the sources of all packages, without the stars of docstrings. */
export const docstrings = (): { page: string; text: string }[] =>
  readdirSync(root + 'packages').flatMap((name) => docstringsOf(`packages/${name}/src`));

export const blocks = (): Block[] =>
  [...pages().map((page) => ({ page, text: read(page) })), ...docstrings()].flatMap(({ page, text }) =>
    blocksOf(page, text),
  );

function blocksOf(page: string, text: string): Block[] {
  const fenced = /(?:<!-- (from|output|file|sketch): (.+?) -->\n+)?^```(\w*)\n([\s\S]*?)^```$/gm;
  return [...text.matchAll(fenced)].map((match) => ({
    page,
    line: text.slice(0, match.index).split('\n').length,
    language: match[3] ?? '',
    origin:
      match[1] === undefined
        ? undefined
        : { kind: match[1] as 'from' | 'output' | 'file' | 'sketch', value: match[2] ?? '' },
    text: match[4] ?? '',
  }));
}
