import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { looksLikeProgram, startable } from './program.ts';

/**
 * Makes a file in a new folder. Returns the command line that is suggested if the user types `typed` in that
 * folder.
 */
function started(typed: string, name: string, mode: number, text: string): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'pipework-program-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, name), text);
  chmodSync(join(folder, name), mode);
  const better = startable([typed, '-x'], folder);
  return better && `${better.how}: ${better.words.join(' ')}`;
}

const isRoot = process.getuid?.() === 0;

test.skipIf(process.platform === 'win32').each([
  ['./plugin.js', 0o644, '', 'start it by node: node ./plugin.js -x'],
  ['./plugin.mjs', 0o755, '', 'start it by node: node ./plugin.mjs -x'],
  ['plugin.py', 0o644, '', 'start it by python3: python3 plugin.py -x'],
  ['./plugin.go', 0o644, 'package main\n', 'start it by go run: go run ./plugin.go -x'],
  ['./plugin', 0o644, '#!/usr/bin/env -S deno run\n', 'start it by deno: deno ./plugin -x'],
  ['./plugin.js', 0o644, '#!/opt/bin/bun\n', 'start it by bun: bun ./plugin.js -x'],
  ['./plugin', 0o644, '\u007fELF', 'make it executable, by chmod +x ./plugin: ./plugin -x'],
  ['plugin', 0o755, '\u007fELF', 'give its path: ./plugin -x'],
  // For a file that is not a program, another mode would not help.
  ['./plugin', 0o644, 'root:x:0:0::/root:/bin/sh\n', undefined],
  ['./notes.md', 0o644, '# Notes\n', undefined],
  ['./plugin.js', 0o755, '#!/usr/bin/env node\n', undefined],
  ['./plugin', 0o755, '\u007fELF', undefined],
])('for the file %s of mode %o that begins with %j, the suggestion is %s', (typed, mode, text, expected) => {
  expect(started(typed, typed.replace('./', ''), mode, text)).toBe(expected);
});

test('suggests no command line for a program in PATH, a folder, or a missing file', () => {
  const nonsense = [`${import.meta.filename}/x.js`, `./${'x'.repeat(10_000)}.js`, '\0'];
  for (const file of ['node', '.', './missing.js', '', ...nonsense])
    expect(startable([file], tmpdir()), file).toBe(undefined);
});

test.skipIf(isRoot || process.platform === 'win32')(
  `a file that cannot be read is judged by its name${isRoot ? ' (SKIPPED: root reads every file)' : ''}`,
  () => {
    expect(started('./plugin.js', 'plugin.js', 0o200, '#!/bin/sh')).toBe(
      'start it by node: node ./plugin.js -x',
    );
  },
);

test('distinguishes words that begin a plugin’s command line from arguments', () => {
  const programs = [
    'node',
    '/usr/bin/python3.11',
    'npx',
    './plugin',
    'dist/plugin',
    'plugin.js',
    'plugin.exe',
  ];
  expect(programs.filter((word) => !looksLikeProgram(word))).toEqual([]);
  const others = ['5', '-1', '-', '"a/b.js"', '{"a":"b.js"}', '["./x"]', 'true', 'word', 'a.b'];
  expect(others.filter(looksLikeProgram)).toEqual([]);
});
