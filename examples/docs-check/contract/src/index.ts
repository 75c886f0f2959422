/** What the host of docs-check and its plugins agree on: ordinary interfaces, and how a plugin is found. */

/** The file names that the host takes for plugins; what the star stands for is the plugin's name. */
export const pluginPattern = 'docs-check-*';

/** What every plugin of docs-check serves. */
export interface Plugins {
  checker: Checker;
}

/** What the host provides to every plugin. */
export interface Services {
  library: Library;
}

export interface Checker {
  about(): Promise<About>;
  /**
   * Checks one page. Reports come as they are found, in no promised order. The checker touches no file by itself:
   * it asks the service `library`, which the host keeps, and which knows nothing outside the page's tree.
   */
  check(page: Page, options?: { signal?: AbortSignal }): AsyncIterable<Report>;
}

export interface About {
  /** What the checker looks at, in a few words for a person. */
  title: string;
}

/** One Markdown file. */
export interface Page {
  /** Which tree the page belongs to; names of trees are unique in a run. */
  tree: string;
  /** False for an installed package, which ships only some of the files that its README was written beside. */
  whole: boolean;
  /** From the root of its tree, with forward slashes: `docs/guide.md`. */
  path: string;
  text: string;
}

/** The host's view of the trees that it has checked, each by its name ({@link Page.tree}). Paths run from the tree's root. */
export interface Library {
  look(tree: string, path: string): Promise<Entry>;
  /** The text of a file; fails for what is not a file of the tree. */
  read(tree: string, path: string): Promise<string>;
}

export interface Entry {
  /** `outside` is beyond the tree's root: nothing can be said about it. */
  kind: 'file' | 'directory' | 'missing' | 'outside';
  /** As the disk spells it, which may differ from what was asked in upper and lower case. */
  path: string;
}

export type Report = Finding | Tally | Readability;

export interface Finding {
  type: 'finding';
  /** An error breaks something for the reader; a warning is a matter of form. */
  severity: 'error' | 'warning';
  /** A short name for the kind of finding, the same in every run. */
  rule: string;
  message: string;
  /** Both from 1. */
  line: number;
  column: number;
}

/** How much there was to look at. The host adds up tallies of the same name. */
export interface Tally {
  type: 'tally';
  counts: Record<string, number>;
}

export interface Readability {
  type: 'readability';
  words: number;
  sentences: number;
  /** Reading time at 238 words a minute, the mean for silent reading of English. */
  minutes: number;
  /** Flesch reading ease: 100 is very easy, 30 very hard. Absent for text too short or not in Latin letters. */
  ease?: number;
}
