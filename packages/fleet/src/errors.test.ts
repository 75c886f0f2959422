import { expect, test } from 'vitest';
import { FleetError } from './errors.ts';

test('the message of an error is safe to print, because it may hold text of a plugin or its author', () => {
  expect(new FleetError('FLEET_STOPPED', 'a\u001b[2J').message).toBe(String.raw`a\x1b[2J`);
});
