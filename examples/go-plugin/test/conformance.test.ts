import { conformance, type ConformanceReport } from '@pipework/testkit';
import { describe, expect, test } from 'vitest';
import { command, missing } from './support/go.ts';

/** Why checks may pass this plugin by: what it leaves out of the protocol, on purpose. */
const leftOut = [
  'the plugin does not announce cancel',
  'the plugin does not announce errors',
  'the plugin does not announce meta',
  'the plugin does not announce refs',
  'the plugin does not announce types',
];

if (missing === undefined) await conformance({ cmd: command }).run().then(registerTests);
else test.skip(`conformance: NOTHING OF IT WAS CHECKED (SKIPPED: ${missing})`, () => {});

/** The suite has run, a few checks side by side; each that applies becomes a test, and all others one. */
function registerTests(report: ConformanceReport): void {
  const { results, doesNotApply } = report;
  describe('conformance', () => {
    for (const { check, outcome } of results) {
      if (outcome.status === 'does not apply') continue;
      test(`${check.section}: ${check.name}`, () => {
        if (outcome.status === 'failed') throw new Error(`${outcome.reason}\n${outcome.details}`);
        expect(outcome.status).toBe('passed');
      });
    }
    test(`${doesNotApply.length} of ${results.length} checks do not apply, for what the plugin leaves out`, () => {
      const reasons = doesNotApply.map(({ outcome }) => 'reason' in outcome && outcome.reason);
      expect(new Set(reasons)).toEqual(new Set(leftOut));
    });
  });
}
