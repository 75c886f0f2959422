// Samples of `run.mjs mutants`, which tries every breach. The conformance suite must catch a plugin that
// breaks only one rule.
import { describe, expect, test } from 'vitest';
import { breaches } from '../mutants/breaches.mjs';
import { suiteFor, tryBreach, uncovered, checksNamed } from '../programs/mutants.mjs';

const patience = 20_000;
const slow = { timeout: 120_000 };

/** Breaches that the conformance suite used to miss. Now it catches each of them without a long wait. */
const samples = [
  'leaves-its-variables',
  'leaves-sigint-ignored',
  'numbers-from-100',
  'takes-any-depth',
  'answers-again-a-moment-later',
  'sends-empty-errors',
  'dies-of-sigint',
  'says-internal-error',
  'ends-at-syn-with-rst',
  'writes-ids-as-floats',
  'refuses-needless-lengths',
];

describe.concurrent('a plugin that breaks one rule', () => {
  test.each(samples)('is caught when it %s', slow, async (name) => {
    const breach = breaches.find(([one]) => one === name);
    const { outcome, finding } = await tryBreach(breach, patience);
    expect(finding).toBeUndefined();
    expect(outcome.status).toBe('failed');
  });

  test('passes the checks for all these breaches if it has no breach', slow, async () => {
    const suite = suiteFor(undefined, patience);
    const names = new Set(samples.map((name) => breaches.find(([one]) => one === name)[1]));
    const checks = [...names].flatMap((name) => checksNamed(suite, name));
    expect(checks.length).toBe(names.size);
    const outcomes = [];
    for (const check of checks) outcomes.push(await check.run());
    expect(outcomes.filter(({ status }) => status !== 'passed')).toEqual([]);
  });
});

test('every check of the suite has a breach, and every breach belongs to one check', () => {
  const suite = suiteFor(undefined, patience);
  expect(uncovered(suite)).toEqual([]);
  expect(breaches.filter(([, name]) => checksNamed(suite, name).length !== 1)).toEqual([]);
});
