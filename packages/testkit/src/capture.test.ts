import { expect, test } from 'vitest';
import { section } from './capture.ts';

test('a section shows a text of up to 64 Ki characters whole', () => {
  const text = 'x'.repeat(64 * 1024);
  expect(section('stderr', `${text}\n`)).toBe(`── stderr ──\n${text}`);
  expect(section('stderr', ' \n')).toBe('');
});

test('a section shows the end of a longer text, and says how much it leaves out', () => {
  const text = `${'a'.repeat(1000)}${'z'.repeat(64 * 1024)}`;
  expect(section('stderr', text)).toBe(
    `── stderr ──\n[1000 characters before this are left out]\n${'z'.repeat(64 * 1024)}`,
  );
});
