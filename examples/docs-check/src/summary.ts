/** Combines the outcomes of all plugins, in an order that is the same in every run. */
import type { Finding, Readability } from 'docs-check-contract';
import { byName, type Document } from './documents.ts';
import type { Mishap, Outcome } from './outcome.ts';

export interface Summary {
  pages: PageSummary[];
  plugins: PluginSummary[];
  errors: number;
  warnings: number;
  /** True if there is an error, if a plugin had a mishap, or if a page was not checked. */
  isBroken: boolean;
}

export interface PageSummary {
  document: Document;
  findings: PluginFinding[];
  errors: number;
  warnings: number;
  readability: Readability | undefined;
}

export type PluginFinding = Finding & { plugin: string };

export interface PluginSummary {
  name: string;
  title: string;
  checked: number;
  unchecked: number;
  errors: number;
  warnings: number;
  counts: Record<string, number>;
  mishaps: Mishap[];
  restarts: number;
  elapsedMs: number;
}

export function summarize(documents: Document[], outcomes: Outcome[]): Summary {
  const pages = documents.toSorted(byName).map((document) => summarizePage(document, outcomes));
  const plugins = outcomes.map((outcome) => summarizePlugin(outcome, pages));
  const errors = sum(pages.map((page) => page.errors));
  return {
    pages,
    plugins,
    errors,
    warnings: sum(pages.map((page) => page.warnings)),
    isBroken: errors > 0 || plugins.some((plugin) => plugin.mishaps.length > 0 || plugin.unchecked > 0),
  };
}

function summarizePage(document: Document, outcomes: Outcome[]): PageSummary {
  const findings: PluginFinding[] = [];
  let readability: Readability | undefined;
  for (const { plugin, reports } of outcomes) {
    for (const report of reports.get(document) ?? []) {
      if (report.type === 'finding') findings.push({ ...report, plugin });
      if (report.type === 'readability') readability = report;
    }
  }
  findings.sort((a, b) => a.line - b.line || a.column - b.column || compare(key(a), key(b)));
  return { document, findings, ...countSeverities(findings), readability };
}

function summarizePlugin(outcome: Outcome, pages: PageSummary[]): PluginSummary {
  const { plugin: name, title, reports, unchecked, mishaps, restarts, elapsedMs } = outcome;
  const counts: Record<string, number> = {};
  for (const report of [...reports.values()].flat()) {
    if (report.type !== 'tally') continue;
    for (const [of, number] of Object.entries(report.counts)) counts[of] = (counts[of] ?? 0) + number;
  }
  const mine = pages.flatMap((page) => page.findings).filter((finding) => finding.plugin === name);
  return {
    name,
    title,
    checked: reports.size,
    unchecked: unchecked.length,
    ...countSeverities(mine),
    counts,
    mishaps,
    restarts,
    elapsedMs,
  };
}

function countSeverities(findings: Finding[]): { errors: number; warnings: number } {
  const errors = findings.filter((finding) => finding.severity === 'error').length;
  return { errors, warnings: findings.length - errors };
}

const key = (finding: PluginFinding): string => `${finding.plugin}/${finding.rule}/${finding.message}`;
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
