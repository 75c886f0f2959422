import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { widthOf } from './io.ts';
import { commands } from './main.ts';
import { columns, helpOf, wrapped } from './usage.ts';

const output = (isTTY: boolean, width?: number): PassThrough & { isTTY: boolean; columns?: number } =>
  Object.assign(new PassThrough(), { isTTY, ...(width === undefined ? {} : { columns: width }) });

test('texts are as wide as a terminal of 40 to 79 columns, and otherwise 80 columns wide', () => {
  const widths = [output(true, 60), output(true, 200), output(true, 0), output(true, 10), output(false, 60)];
  expect(widths.map((stdout) => widthOf({ stdout }))).toEqual([60, 80, 80, 80, 80]);
});

test('breaks a text between words, and cuts no word', () => {
  expect(wrapped('aa bb cc', 5)).toBe('aa bb\ncc');
  expect(wrapped('aaaaaaaa b', 5, '  ')).toBe('aaaaaaaa\n  b');
  expect(wrapped('', 5)).toBe('');
});

test('breaks the text of the second column, and aligns its lines', () => {
  expect(
    columns(
      [
        ['a', 'one two three four five six'],
        ['bbb', 'x'],
      ],
      27,
    ),
  ).toBe('  a    one two three four\n       five six\n  bbb  x');
});

test('every help text fits a terminal of 64 columns', () => {
  for (const command of commands) {
    const [text = ''] = helpOf(command, 64).split('\n\nExamples:');
    expect(text.split('\n').filter((one) => one.length > 64)).toEqual([]);
  }
});
