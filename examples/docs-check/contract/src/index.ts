/** What the host of docs-check and its plugins agree on: ordinary interfaces, and how a plugin is found. */

/**
 * The host treats every executable file whose name matches this pattern as a plugin. The part that the star
 * matches is the plugin's name.
 */
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
   * Checks one page. Each report is sent as soon as it is ready, in no particular order. The checker reads no
   * file itself. It asks the host's service `library`, which knows the files of the page's tree.
   */
  check(page: Page, options?: { signal?: AbortSignal }): AsyncIterable<Report>;
}

export interface About {
  /** What the checker examines, in a few words for a person. */
  title: string;
}

/** One Markdown file. */
export interface Page {
  /** The tree that the page belongs to. Names of trees are unique in a run. */
  tree: string;
  /** False for an installed package. A package ships only some of the files that its README may link to. */
  whole: boolean;
  /** The path from the root of its tree, with forward slashes: `docs/guide.md`. */
  path: string;
  text: string;
}

/**
 * Lets a checker look at the trees that the host checks. Each tree has a name ({@link Page.tree}). Paths
 * start at the tree's root.
 */
export interface Library {
  look(tree: string, path: string): Promise<Entry>;
  /** Returns the text of a file. Fails if the path is not a file of the tree. */
  read(tree: string, path: string): Promise<string>;
}

export interface Entry {
  /** `outside` is beyond the tree's root, so nothing is known about it. */
  kind: 'file' | 'directory' | 'missing' | 'outside';
  /** The path as it is on the disk. Upper and lower case may differ from the request. */
  path: string;
}

export type Report = Finding | Tally | Readability;

export interface Finding {
  type: 'finding';
  /** An error breaks something for the reader. A warning concerns only the form. */
  severity: 'error' | 'warning';
  /** A short name for the kind of finding, the same in every run. */
  rule: string;
  message: string;
  /** `line` and `column` count from 1. */
  line: number;
  column: number;
}

/** How much there was to check. The host adds up tallies with the same name. */
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
  /**
   * Flesch reading ease: 100 is very easy, 30 very hard. Absent if the text is too short or not in Latin
   * letters.
   */
  ease?: number | undefined;
}
