import { expect, test } from 'vitest';
import { readArguments, usage, UsageError } from '../src/arguments.ts';

test('checks the current directory and the installed packages if no path is given', () => {
  expect(readArguments([])).toMatchObject({
    paths: ['.'],
    packages: true,
    strict: false,
    jobs: 4,
    timeoutMs: 30_000,
  });
});

test('checks only the given path, and packages only with --packages', () => {
  expect(readArguments(['docs'])).toMatchObject({ paths: ['docs'], packages: false });
  expect(readArguments(['docs', '--packages'])).toMatchObject({ packages: true });
  expect(readArguments(['--no-packages'])).toMatchObject({ paths: ['.'], packages: false });
});

test('reads every option that its help names', () => {
  const argv = '--strict --all --plugins a --plugins b --jobs 2 --timeout 0.5 --json --quiet x'.split(' ');
  expect(readArguments(argv)).toEqual({
    paths: ['x'],
    strict: true,
    packages: false,
    all: true,
    plugins: ['a', 'b'],
    jobs: 2,
    timeoutMs: 500,
    json: true,
    quiet: true,
    help: false,
  });
  const named = [...usage.matchAll(/^ {2}--([a-z]+)/gm)].map((match) => match[1]);
  expect(named).toEqual(['strict', 'packages', 'all', 'plugins', 'jobs', 'timeout', 'json', 'quiet', 'help']);
});

test.each([['--nonsense'], ['--jobs', '0'], ['--jobs', '1.5'], ['--timeout', 'soon'], ['--plugins']])(
  'refuses %s',
  (...argv) => {
    expect(() => readArguments(argv)).toThrow(UsageError);
  },
);

test('reads a path after the two dashes that pnpm passes on', () => {
  expect(readArguments(['--', '--strict', 'docs'])).toMatchObject({ paths: ['docs'], strict: true });
});
