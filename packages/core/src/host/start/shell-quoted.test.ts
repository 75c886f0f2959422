import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { shellQuoted } from './shell-quoted.ts';

const words = ['a.b', "it's", '', '$HOME', '{"a":1}', '*', '`id`', '$$', 'a b', '\\n', 'a\\'];

test('shellQuoted() quotes a word for a shell, but only if the word needs it', () => {
  expect(['a.b', "it's", '', '$HOME', '{"a":1}', '*'].map(shellQuoted)).toEqual([
    'a.b',
    `'it'\\''s'`,
    "''",
    "'$HOME'",
    `'{"a":1}'`,
    "'*'",
  ]);
});

/** Returns the words as a shell reads them. The shell prints U+0001 after each word. */
const readBy = (shell: string, some: readonly string[]): string[] =>
  spawnSync(shell, ['-c', `printf '%s\\001' ${some.map(shellQuoted).join(' ')}`], { encoding: 'utf8' })
    .stdout.split('\u0001')
    .slice(0, -1);

test.skipIf(process.platform === 'win32')('a shell reads each quoted word unchanged', () => {
  expect(readBy('/bin/sh', words)).toEqual(words);
});

const noBash = spawnSync('bash', ['-c', '']).status === 0 ? undefined : 'needs bash';

test.skipIf(noBash !== undefined)(
  `Bash reads a word with line breaks and control characters unchanged, from one line${noBash === undefined ? '' : ` (SKIPPED: ${noBash})`}`,
  () => {
    const some = ['a\nb', "it's\n\\n `id`", '\u001b[31mred\t$HOME'];
    expect(readBy('bash', some)).toEqual(some);
    for (const word of some) expect(shellQuoted(word)).not.toContain('\n');
  },
);
