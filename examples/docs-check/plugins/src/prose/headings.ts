/**
 * Checks the order of a page's headings: a title, no level left out, no two neighbours with the same name.
 */
import type { Finding } from 'docs-check-contract';
import type { Heading } from '../outline.ts';

/** @param titled True if the page's front matter has a title. */
export function checkHeadings(headings: Heading[], titled: boolean): Finding[] {
  const findings: Finding[] = [];
  const warn = (rule: string, message: string, heading?: Heading): void => {
    const place = heading?.place ?? { line: 1, column: 1 };
    findings.push({ type: 'finding', severity: 'warning', rule, message, ...place });
  };

  const titles = headings.filter((heading) => heading.depth === 1);
  if (titles.length === 0 && !titled) warn('no-title', 'the page has no heading of the first level');
  if (titles.length > 1)
    warn(
      'several-titles',
      `${titles.length} headings of the first level: only the page's title should be one`,
      titles[1],
    );

  /**
   * The headings around the current one, outermost first, each with the names of the headings directly under
   * it.
   */
  const open: { depth: number; names: Map<string, Heading> }[] = [{ depth: 0, names: new Map() }];
  let previous: Heading | undefined;
  for (const heading of headings) {
    if (heading.loose) {
      // A heading in HTML, a quotation or a list is not a section of the page. But after such a heading of
      // level 1, the next heading may have level 2.
      if (heading.depth === 1) previous = heading;
      continue;
    }
    if (heading.text === '') warn('empty-heading', 'a heading without text', heading);
    if (previous && heading.depth > previous.depth + 1)
      warn(
        'skipped-level',
        `level ${heading.depth} after level ${previous.depth}: "${heading.text}"`,
        heading,
      );
    while ((open.at(-1)?.depth ?? 0) >= heading.depth) open.pop();
    const siblings = open.at(-1)?.names;
    const twin = siblings?.get(heading.text.toLowerCase());
    if (twin && heading.text !== '')
      warn('duplicate-heading', `"${heading.text}" stands here and in line ${twin.place.line}`, heading);
    siblings?.set(heading.text.toLowerCase(), heading);
    open.push({ depth: heading.depth, names: new Map() });
    previous = heading;
  }
  return findings;
}
