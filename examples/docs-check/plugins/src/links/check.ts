/** Finds links to files that do not exist, and to anchors that the linked page does not have. */
import type { Checker, Entry, Finding, Library, Page, Report } from 'docs-check-contract';
import { posix } from 'node:path';
import { parseMarkdown } from '../markdown.ts';
import { outlineOf } from '../outline.ts';
import { missingReferences, targetsOf, type Target } from './targets.ts';
import { meaningOf } from './url.ts';

type Verdict = Pick<Finding, 'severity' | 'rule' | 'message'>;
type Local = Extract<ReturnType<typeof meaningOf>, { kind: 'local' }>;

export class LinkChecker implements Checker {
  /**
   * The anchors of linked pages, by tree and path. The checker keeps them, because many links lead to the
   * same few pages.
   */
  readonly #anchors = new Map<string, Promise<Set<string>>>();
  readonly #library: Library;
  links = 0;

  constructor(library: Library) {
    this.#library = library;
  }

  async about(): Promise<{ title: string }> {
    return { title: 'links, anchors, images' };
  }

  async *check(page: Page, options: { signal?: AbortSignal } = {}): AsyncIterable<Report> {
    const root = parseMarkdown(page.text);
    this.#anchors.set(key(page, page.path), Promise.resolve(outlineOf(root).anchors));
    const targets = targetsOf(root);
    this.links += targets.length;

    const verdicts = await Promise.all(targets.map((target) => this.#judge(target, page)));
    options.signal?.throwIfAborted();
    for (const [index, target] of targets.entries()) {
      const verdict = verdicts[index];
      if (verdict) yield { type: 'finding', ...verdict, ...target.place };
    }
    for (const { label, place } of missingReferences(root, page.text)) {
      const message = `nothing defines the reference [${label}], so readers see the brackets`;
      yield { type: 'finding', severity: 'error', rule: 'undefined-reference', message, ...place };
    }
    yield { type: 'tally', counts: { links: targets.length } };
  }

  async #judge(target: Target, page: Page): Promise<Verdict | undefined> {
    const meaning = meaningOf(target.url, page.path);
    if (meaning.kind === 'elsewhere') return undefined;
    if (meaning.kind === 'wrong') return { severity: 'error', rule: meaning.rule, message: meaning.message };
    if (meaning.path === page.path) return this.#judgeFragment(meaning, page.path, page);

    const entry = await this.#library.look(page.tree, meaning.path);
    if (entry.kind === 'outside') return undefined;
    if (entry.kind === 'missing') return missing(meaning, page, this.#library);
    if (entry.path !== meaning.path)
      return error('wrong-case', `${meaning.written} is ${entry.path} on disk: upper and lower case differ`);
    if (entry.kind === 'directory') {
      if (target.embeds) return error('not-a-file', `${meaning.written} is a directory, not a picture`);
      return this.#judgeDirectory(meaning, page);
    }
    return this.#judgeFragment(meaning, entry.path, page);
  }

  /**
   * Judges a link that leads to a directory. If the link has a fragment, the fragment must be an anchor of
   * the directory's README.
   */
  async #judgeDirectory(meaning: Local, page: Page): Promise<Verdict | undefined> {
    if (!meaning.fragment) return undefined;
    const readme = await this.#library.look(page.tree, posix.join(meaning.path, 'README.md'));
    if (readme.kind !== 'file') return undefined;
    return this.#judgeFragment(meaning, readme.path, page);
  }

  async #judgeFragment(meaning: Local, path: string, page: Page): Promise<Verdict | undefined> {
    const { fragment } = meaning;
    // The empty fragment and "top" lead to the beginning of any page.
    if (fragment === undefined || fragment === '' || fragment === 'top') return undefined;
    if (!/\.(md|markdown)$/i.test(path)) return judgeLines(fragment, path, page, this.#library);

    const anchors = await this.#anchorsOf(path, page);
    const wanted = fragment.replace(/^user-content-/, '');
    if (anchors.has(wanted) || /^L\d+(-L\d+)?$/.test(fragment)) return undefined;
    const where = path === page.path ? 'this page' : path;
    const inLowerCase = wanted.toLowerCase();
    if (anchors.has(inLowerCase))
      return {
        severity: 'warning',
        rule: 'anchor-case',
        message: `#${wanted} of ${where} is #${inLowerCase}: anchors of headings are in lower case`,
      };
    const near = nearest(wanted, anchors);
    return error(
      'missing-anchor',
      `no heading of ${where} makes #${wanted}${near ? `; there is #${near}` : ''}`,
    );
  }

  #anchorsOf(path: string, page: Page): Promise<Set<string>> {
    const known = this.#anchors.get(key(page, path));
    if (known) return known;
    const reading = this.#library
      .read(page.tree, path)
      .then((text) => outlineOf(parseMarkdown(text)).anchors);
    this.#anchors.set(key(page, path), reading);
    return reading;
  }
}

function key(page: Page, path: string): string {
  return `${page.tree}\n${path}`;
}

function error(rule: string, message: string): Verdict {
  return { severity: 'error', rule, message };
}

async function missing(meaning: Local, page: Page, library: Library): Promise<Verdict> {
  const { path, written } = meaning;
  if (!page.whole)
    return {
      severity: 'warning',
      rule: 'not-shipped',
      message: `${written} is not in the installed package`,
    };
  if (written.startsWith('www.')) return error('missing-file', `${written} wants https:// before it`);
  if (path.includes('\\'))
    return error('missing-file', `${written} does not exist; paths in links have /, not \\`);
  const guesses: Entry[] = await Promise.all(
    [`${path}.md`, `${path}.mdx`].map((guess) => library.look(page.tree, guess)),
  );
  const guess = guesses.find((entry) => entry.kind === 'file');
  return error('missing-file', `${written} does not exist${guess ? `; there is ${guess.path}` : ''}`);
}

/** Judges a link to lines of a code file, such as `#L10` or `#L10-L20`. */
async function judgeLines(
  fragment: string,
  path: string,
  page: Page,
  library: Library,
): Promise<Verdict | undefined> {
  const match = /^L(\d+)(?:C\d+)?(?:-L?(\d+)(?:C\d+)?)?$/.exec(fragment);
  if (!match) return undefined;
  const last = Math.max(Number(match[1]), Number(match[2] ?? 0));
  const lines = (await library.read(page.tree, path)).replace(/\n$/, '').split('\n').length;
  if (last <= lines) return undefined;
  return error('missing-line', `#${fragment} is beyond the end of ${path}, which has ${lines} lines`);
}

/** Returns an anchor whose letters and digits are those of `wanted`, or differ from these by one edit. */
function nearest(wanted: string, anchors: Set<string>): string | undefined {
  const letters = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
  const mine = letters(wanted);
  return [...anchors].find((anchor) => letters(anchor) === mine || isOneEditAway(letters(anchor), mine));
}

function isOneEditAway(a: string, b: string): boolean {
  if (Math.min(a.length, b.length) < 4 || Math.abs(a.length - b.length) > 1) return false;
  let head = 0;
  while (head < a.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < Math.min(a.length, b.length) - head && a.at(-1 - tail) === b.at(-1 - tail)) tail += 1;
  return Math.max(a.length, b.length) - head - tail <= 1;
}
