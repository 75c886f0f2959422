// Reads the fenced blocks of the project's pages, with the comment line that says where a block comes from.
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

export function blocks(): Block[] {
  return pages().flatMap((page) => {
    let text: string;
    try {
      text = readFileSync(root + page, 'utf8');
    } catch {
      return []; // A package without a page of its own.
    }
    return [...text.matchAll(/(?:<!-- (from|output|sketch): (.+?) -->\n+)?^```(\w*)\n([\s\S]*?)^```$/gm)].map(
      (match) => ({
        page,
        line: text.slice(0, match.index).split('\n').length,
        language: match[3] ?? '',
        origin:
          match[1] === undefined
            ? undefined
            : { kind: match[1] as 'from' | 'output' | 'sketch', value: match[2] ?? '' },
        text: match[4] ?? '',
      }),
    );
  });
}
