import { expect, test } from 'vitest';
import { exitOfCall, exitStatuses } from './exit-status.ts';

test('the table of exit statuses and each of its entries are frozen', () => {
  expect([exitStatuses, ...Object.values(exitStatuses)].filter((part) => !Object.isFrozen(part))).toEqual([]);
});

test.each([
  ['deadline', true],
  ['failed', false],
] as const)(
  'the error of a handler that was cancelled gives the status %s, if its deadline has passed: %s',
  (exit, isLate) => {
    const error = new DOMException('the operation was aborted', 'AbortError');
    expect(exitOfCall(error, { method: 'wait', hasEnded: false, isLate })).toBe(exit);
  },
);
