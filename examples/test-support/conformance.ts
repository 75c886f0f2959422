// Runs the conformance suite as tests, for the plugins in other languages.
import { conformance, type ConformanceReport } from '@pipework/testkit';
import { describe, expect, test } from 'vitest';

/**
 * Runs the quick form of the conformance suite against `command`. Each check that applies becomes a test. The
 * checks that do not apply become one test, which compares the reasons with `leftOut`: the parts of the
 * protocol that the plugin leaves out on purpose. If this machine cannot run the plugin, `missing` is the
 * reason, and nothing is checked.
 */
export async function testConformance(
  command: readonly [file: string, ...args: string[]],
  missing: string | undefined,
  leftOut: readonly string[],
): Promise<void> {
  if (missing === undefined) registerTests(await conformance({ cmd: command, quick: true }).run(), leftOut);
  else test.skip(`conformance: NOTHING OF IT WAS CHECKED (SKIPPED: ${missing})`, () => {});
}

/** Registers a test for each result. The suite has already run, with a few checks in parallel. */
function registerTests({ results, doesNotApply }: ConformanceReport, leftOut: readonly string[]): void {
  describe('conformance', () => {
    for (const { check, outcome } of results) {
      if (outcome.status === 'does not apply') continue;
      test(`${check.section}: ${check.name}`, () => {
        if (outcome.status === 'failed') throw new Error(`${outcome.reason}\n${outcome.details}`);
        expect(outcome.status).toBe('passed');
      });
    }
    test(`${doesNotApply.length} of ${results.length} checks do not apply, because of what the plugin leaves out`, () => {
      const reasons = doesNotApply.map(({ outcome }) => 'reason' in outcome && outcome.reason);
      expect(new Set(reasons)).toEqual(new Set(leftOut));
    });
  });
}
