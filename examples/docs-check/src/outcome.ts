/** What came out of one plugin's work. */
import type { Report } from 'docs-check-contract';
import type { Document } from './documents.ts';

export interface Outcome {
  plugin: string;
  /** The plugin's own words for what it looks at; empty where it never said. */
  title: string;
  reports: Map<Document, Report[]>;
  /** Pages that it threw at, or did not survive. */
  failed: Set<Document>;
  mishaps: Mishap[];
  /** Pages that were never checked, because the plugin could not go on. */
  unchecked: Document[];
  /** How many times it was started anew. */
  restarts: number;
  elapsedMs: number;
}

/** Something that went wrong with the plugin, not with a page. */
export interface Mishap {
  /** The pages that it was at; none where it was at none. */
  documents: Document[];
  /** `crashed with exit code 7`, and the like; further lines are notes. */
  what: string;
  /** The last lines of what it wrote to standard error. */
  stderr: string;
}
