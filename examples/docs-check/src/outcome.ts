/** The result of one plugin's work. */
import type { Report } from 'docs-check-contract';
import type { Document } from './documents.ts';

export interface Outcome {
  plugin: string;
  /** The title from the plugin's `about()`; empty if the plugin did not start. */
  title: string;
  reports: Map<Document, Report[]>;
  /** Pages for which the plugin threw an error, crashed or hung. */
  failed: Set<Document>;
  mishaps: Mishap[];
  /** Pages that were never checked, because the plugin could not continue. */
  unchecked: Document[];
  /** How many times the plugin was restarted. */
  restarts: number;
  elapsedMs: number;
}

/** A crash, a hang or an error of the plugin. */
export interface Mishap {
  /** The pages that the plugin was checking. Empty if it was checking none. */
  documents: Document[];
  /** The reason, such as `crashed with exit code 7`. Further lines are notes. */
  what: string;
  /** The last lines that the plugin wrote to standard error. */
  stderr: string;
}
