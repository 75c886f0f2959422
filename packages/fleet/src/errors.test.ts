import { expect, test } from 'vitest';
import { FleetError } from './errors.ts';

test('the message of a FleetError is safe to print, although it may hold text of a plugin', () => {
  expect(new FleetError('FLEET_STOPPED', 'a\u001b[2J').message).toBe(String.raw`a\x1b[2J`);
});
