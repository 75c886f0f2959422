/**
 * The contract between docs-check's host and its plugins: ordinary interfaces, and the name of a plugin's
 * file.
 */

/**
 * The host treats every executable file whose name matches this pattern as a plugin. The part that the star
 * matches is the plugin's name.
 */
export const pluginPattern = 'docs-check-*';

/** The service that every docs-check plugin serves. */
export interface Plugins {
  checker: Checker;
}

/** The service that the host provides to every plugin. */
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
  /** A few words for a person about the things that the checker examines. */
  title: string;
}

/** One Markdown file. */
export interface Page {
  /** The tree that the page belongs to. Names of trees are unique in a run. */
  tree: string;
  /** False for an installed package, which may lack files that its README links to. */
  whole: boolean;
  /** The page's path from the root of its tree, with forward slashes: `docs/guide.md`. */
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
  /** `outside` means that the path leads out of the tree, where the host does not look. */
  kind: 'file' | 'directory' | 'missing' | 'outside';
  /** The path as it is on the disk. Upper and lower case may differ from the request. */
  path: string;
}

export type Report = Finding | Tally | Readability;

export interface Finding {
  type: 'finding';
  /** An error breaks something for the reader. A warning concerns only the form. */
  severity: 'error' | 'warning';
  /** A short name for the kind of finding. The name is the same in every run. */
  rule: string;
  message: string;
  /** `line` and `column` count from 1. */
  line: number;
  column: number;
}

/**
 * Numbers of things that were checked, such as links. The host adds up the counts that have the same name.
 */
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
