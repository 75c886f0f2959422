// Reads the fenced blocks of the project's pages and docstrings, with the comment line that says where a block comes from.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { sourcePages } from '../../site/pages.mjs';

export const root: string = fileURLToPath(new URL('../..', import.meta.url));

/**
 * A fenced block of a page. `origin` is what an HTML comment right above it says: `from: FILE`, `output: COMMAND`,
 * `file: NAME` for what the reader writes by hand, `sketch: REASON` for what nothing here can run.
 */
export interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly origin:
    { readonly kind: 'from' | 'output' | 'file' | 'sketch'; readonly value: string } | undefined;
  readonly text: string;
}

/** Every Markdown file that the site shows. */
export const pages = (): string[] => ['README.md', 'site/home.md', ...sourcePages().keys()];

/** The docstrings of a package's sources, each line without its star: they are Markdown, and the site shows them. */
function docstringsOf(folder: string): { page: string; text: string }[] {
  const isSource = (name: string): boolean => name.endsWith('.ts') && !name.endsWith('.test.ts');
  return readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
    .filter(isSource)
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .map((page) => ({ page, text: read(page).replaceAll(/^ *\* ?/gm, '') }));
}

export const read = (page: string): string => readFileSync(root + page, 'utf8');

/** The docstrings of all packages. */
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
