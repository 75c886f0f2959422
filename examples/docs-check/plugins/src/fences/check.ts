/** Finds code fences that do not parse in the language that they name, and fences that are never closed. */
import type { Checker, Finding, Page, Report } from 'docs-check-contract';
import type { Code } from 'mdast';
import { visit } from 'unist-util-visit';
import { parseBlocks, placeOf } from '../markdown.ts';
import { parseJavaScript } from './javascript.ts';
import { parseJson, parseJson5, parseJsonc, parseJsonLines } from './json.ts';
import type { Verdict } from './verdict.ts';

type Parse = (code: string) => Verdict;

const languages: [names: string[], parse: Parse][] = [
  [['js', 'javascript', 'mjs', 'cjs', 'jsx', 'es6', 'esm', 'node'], parseJavaScript],
  [['json', 'geojson', 'webmanifest'], parseJson],
  [['jsonc'], parseJsonc],
  [['json5'], parseJson5],
  [['jsonl', 'ndjson'], parseJsonLines],
];
const parsers = new Map<string, Parse>(
  languages.flatMap(([names, parse]) => names.map((name) => [name, parse])),
);

export class FenceChecker implements Checker {
  parsed = 0;

  async about(): Promise<{ title: string }> {
    return { title: 'fences: JSON, JavaScript' };
  }

  async *check(page: Page, options: { signal?: AbortSignal } = {}): AsyncIterable<Report> {
    const fences: Code[] = [];
    visit(parseBlocks(page.text), 'code', (node) => {
      if (isFence(node, page.text)) fences.push(node);
    });
    let parsed = 0;
    for (const fence of fences) {
      options.signal?.throwIfAborted();
      if (!isClosed(fence, page.text)) {
        const message = 'the fence is never closed: all that follows is code';
        yield { type: 'finding', severity: 'error', rule: 'unclosed-fence', message, ...placeOf(fence) };
      }
      const parse = parsers.get(languageOf(fence));
      if (!parse || fence.value.trim() === '') continue;
      parsed += 1;
      const finding = findingOf(fence, parse(fence.value));
      if (finding) yield finding;
    }
    this.parsed += parsed;
    yield { type: 'tally', counts: { fences: fences.length, parsed } };
  }
}

function findingOf(fence: Code, verdict: Verdict): Finding | undefined {
  if (verdict.kind !== 'fails') return undefined;
  const { severity, rule, message } = verdict;
  const start = placeOf(fence);
  return {
    type: 'finding',
    severity,
    rule,
    message: `${languageOf(fence)}: ${message}`,
    line: start.line + verdict.line,
    column: start.column + verdict.column,
  };
}

/**
 * Returns the first word after the fence, without the additions for highlighters: `js{1,3}`, `{.js}`,
 * `js:title`.
 */
function languageOf(fence: Code): string {
  return (/^[{.]*([\w+#-]+)/.exec(fence.lang ?? '')?.[1] ?? '').toLowerCase();
}

function sourceOf(fence: Code, text: string): string {
  return text.slice(fence.position?.start.offset, fence.position?.end.offset);
}

/** True for a fence. False for indented code, which names no language. */
function isFence(node: Code, text: string): boolean {
  return /^(`{3}|~{3})/.test(sourceOf(node, text));
}

function isClosed(fence: Code, text: string): boolean {
  const lines = sourceOf(fence, text).trimEnd().split('\n');
  const mark = /^(`{3,}|~{3,})/.exec(lines[0] ?? '')?.[1] ?? '';
  // Inside a quotation or a list, `>` or spaces come before the closing mark.
  const last = /(?:^|[\s>])(`{3,}|~{3,})$/.exec(lines.at(-1) ?? '')?.[1] ?? '';
  return lines.length > 1 && last.startsWith(mark);
}
