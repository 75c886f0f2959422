// Reads the fenced blocks of the project's pages and docstrings, with the comment line that says where a block comes from.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root: string = fileURLToPath(new URL('../..', import.meta.url));

/** A fenced block of a page. `origin` is what an HTML comment right above it says: `from: FILE`, `output: COMMAND`. */
export interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly origin: { readonly kind: 'from' | 'output' | 'sketch'; readonly value: string } | undefined;
  readonly text: string;
}

const pages = (): string[] => [
  'README.md',
  ...readdirSync(root + 'docs')
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  ...readdirSync(root + 'packages').map((name) => `packages/${name}/README.md`),
];

/** The docstrings of a package's sources, each line without its star: they are Markdown, and the site shows them. */
function docstringsOf(folder: string): { page: string; text: string }[] {
  const isSource = (name: string): boolean => name.endsWith('.ts') && !name.endsWith('.test.ts');
  return readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
    .filter(isSource)
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .map((page) => ({ page, text: readFileSync(root + page, 'utf8').replaceAll(/^ *\* ?/gm, '') }));
}

export function blocks(): Block[] {
  const docstrings = readdirSync(root + 'packages').flatMap((name) => docstringsOf(`packages/${name}/src`));
  return [...pages().flatMap(readPage), ...docstrings].flatMap(({ page, text }) => blocksOf(page, text));
}

/** A page with its text; nothing for a package without a README. */
function readPage(page: string): { page: string; text: string }[] {
  try {
    return [{ page, text: readFileSync(root + page, 'utf8') }];
  } catch {
    return [];
  }
}

function blocksOf(page: string, text: string): Block[] {
  const fenced = /(?:<!-- (from|output|sketch): (.+?) -->\n+)?^```(\w*)\n([\s\S]*?)^```$/gm;
  return [...text.matchAll(fenced)].map((match) => ({
    page,
    line: text.slice(0, match.index).split('\n').length,
    language: match[3] ?? '',
    origin:
      match[1] === undefined
        ? undefined
        : { kind: match[1] as 'from' | 'output' | 'sketch', value: match[2] ?? '' },
    text: match[4] ?? '',
  }));
}
