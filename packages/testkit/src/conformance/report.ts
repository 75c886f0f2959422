/** The results of a run of the conformance suite, and how they are printed. */
import type { ConformanceCheck, ConformanceOutcome } from './verdict.ts';

/** One check and its outcome. */
export interface ConformanceResult {
  /** The check. */
  readonly check: ConformanceCheck;
  /** The outcome of the check. */
  readonly outcome: ConformanceOutcome;
}

/** The results of a run of the conformance suite. */
export class ConformanceReport {
  /** Every check with its outcome, in the order of the suite. */
  readonly results: readonly ConformanceResult[];
  /** Milliseconds that the whole run took. */
  readonly durationMs: number;

  constructor(results: readonly ConformanceResult[], durationMs: number) {
    this.results = results;
    this.durationMs = durationMs;
  }

  /** The checks that passed. */
  get passed(): ConformanceResult[] {
    return this.#with('passed');
  }

  /** The checks that failed. */
  get failed(): ConformanceResult[] {
    return this.#with('failed');
  }

  /** The checks that do not apply to the plugin, with the reason in their outcome. */
  get doesNotApply(): ConformanceResult[] {
    return this.#with('does not apply');
  }

  /** True if no check failed. */
  get ok(): boolean {
    return this.failed.length === 0;
  }

  #with(status: ConformanceOutcome['status']): ConformanceResult[] {
    return this.results.filter(({ outcome }) => outcome.status === status);
  }

  /**
   * Returns the report for a person: every check under its section, the reason and the transcript of each
   * failure, and then the totals.
   */
  toString(): string {
    const lines: string[] = [];
    let section = '';
    for (const { check, outcome } of this.results) {
      if (check.section !== section) lines.push(...(section === '' ? [] : ['']), check.section);
      ({ section } = check);
      lines.push(describeResult(check, outcome));
    }
    const counts = [
      `${String(this.passed.length)} passed`,
      `${String(this.failed.length)} failed`,
      `${String(this.doesNotApply.length)} do not apply`,
    ];
    lines.push('', `${counts.join(', ')} (${(this.durationMs / 1000).toFixed(1)} s)`);
    return lines.join('\n');
  }
}

const marks = { passed: 'passed', failed: 'FAILED', 'does not apply': 'n/a   ' } as const;

function describeResult(check: ConformanceCheck, outcome: ConformanceOutcome): string {
  const head = `  ${marks[outcome.status]}  ${check.name}`;
  if (outcome.status === 'passed') return head;
  const reason = indent(outcome.reason);
  if (outcome.status === 'does not apply' || outcome.details === '') return `${head}\n${reason}`;
  return `${head}\n${reason}\n${indent(outcome.details)}`;
}

const indent = (text: string): string => text.replaceAll(/^/gm, '          ');
