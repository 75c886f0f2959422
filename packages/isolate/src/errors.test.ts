import { expect, test } from 'vitest';
import { IsolateError } from './errors.ts';

test('the message of an error is safe to print, even if it holds text of a plugin or its author', () => {
  expect(new IsolateError('ISOLATE_PATH', 'a\u001b[2J').message).toBe(String.raw`a\x1b[2J`);
});
