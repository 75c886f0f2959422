/** Checks glob patterns before a search uses them. */

import { isAbsolute, relative, resolve, sep } from 'node:path';

/**
 * The maximum number of characters in a pattern, of repeated parts (wildcards and groups) in one segment, and
 * of `**` in a pattern. The glob turns a pattern into a regular expression that backtracks. With three
 * repeated parts, matching a name of 255 characters takes about 20 ms; with four, it takes seconds.
 */
const mostCharacters = 1_000;
const mostRepeated = 3;
const mostGlobstars = 2;

/**
 * Returns the reason why a match of a path with the pattern could take too long; undefined if there is none.
 */
export function whyTooComplex(pattern: string): string | undefined {
  if (pattern.length > mostCharacters) return `it has more than ${mostCharacters} characters`;
  // The glob reads a `+` after a group as a repetition, as a regular expression does. `(a+)+` takes
  // exponential time.
  if (/\+\(|[)\]}]\+|\(.*\+/s.test(pattern)) return 'it repeats a group by +';
  if (pattern.split('**').length > mostGlobstars + 1) return `it has more than ${mostGlobstars} **`;
  return segmentsOf(pattern).some((segment) => segment.split(/[*({]/).length > mostRepeated + 1)
    ? `it has more than ${mostRepeated} wildcards or groups in one segment`
    : undefined;
}

const group = /\(([^(){}]*)\)|\{([^(){}]*)\}/;

/**
 * Returns the segments of a pattern, which are the parts between its slashes. A series of `*` becomes one
 * `*`. A group becomes one `*`, plus one for each wildcard in its alternative with the most wildcards. If
 * quotes, escapes, classes or open groups may hide a slash, the whole pattern counts as one segment.
 */
function segmentsOf(pattern: string): string[] {
  let flat = pattern.replace(/\*+/g, '*');
  if (/["\\[]/.test(flat)) return [flat];
  while (group.test(flat)) {
    flat = flat.replace(group, (_all, round?: string, curly?: string) => {
      const alternatives = (round ?? curly ?? '').split(/[|,]/);
      return '*'.repeat(1 + Math.max(...alternatives.map((text) => text.split('*').length - 1)));
    });
  }
  return /[({]/.test(flat) ? [flat] : flat.split('/');
}

/** Returns the pattern relative to `root`; undefined if the pattern leads out of `root`. */
export function within(root: string, pattern: string): string | undefined {
  const way = relative(root, resolve(root, pattern)).split(sep).join('/') || '.';
  // The glob treats a name that starts with two dots like the parent directory.
  return way.startsWith('..') || isAbsolute(way) ? undefined : way;
}
