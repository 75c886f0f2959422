import { expect, test } from 'vitest';
import { exitStatuses } from './exit-status.ts';

test('the table of exit statuses and each of its entries are frozen', () => {
  expect([exitStatuses, ...Object.values(exitStatuses)].filter((part) => !Object.isFrozen(part))).toEqual([]);
});
