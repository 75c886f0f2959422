import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bin, inProcess, noTerminal, run, terminal } from './support/run.ts';

/** Returns the reason why the shell cannot be tried here; undefined if it can be tried. */
const missing = (shell: string): string | undefined =>
  spawnSync(shell, ['-c', 'true']).status === 0 ? noTerminal : `needs ${shell}`;

/** A folder in PATH that has a program `pipework`. */
const folder = mkdtempSync(join(tmpdir(), 'pipework-completion-'));
const env = { PATH: `${folder}${delimiter}${process.env['PATH']}`, HOME: folder, TERM: 'dumb' };

beforeAll(() => {
  const file = join(folder, 'pipework');
  writeFileSync(file, `#!/bin/sh\nexec '${process.execPath}' '${bin}' "$@"\n`);
  chmodSync(file, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The keys that a person types. Each TAB asks for completion. */
const typed =
  'pipework compl\tba\t | head -n 1; pipework new --lang\tjavas\t --he\t | head -n 1; pipework call --stdin=ndj\t --he\t | head -n 1; pipework hel\tdoct\t | head -n 1; exit\n';

describe.each([
  ['bash', ['--norc', '--noprofile', '-i'], 'eval "$(pipework completion bash)"'],
  ['zsh', ['-f', '-i'], 'autoload -U compinit; compinit -D -u; eval "$(pipework completion zsh)"'],
])('completion in %s', (shell, options, load) => {
  const why = missing(shell);
  test.skipIf(why !== undefined)(
    `completes commands, options and values with TAB${why === undefined ? '' : ` (SKIPPED: ${why})`}`,
    async () => {
      const { shown } = await terminal(
        [shell, ...options],
        [
          ['', `${load}; echo rea""dy\n`],
          ['ready\r', typed],
        ],
        env,
      );
      // These outputs show that the shell completed the lines and ran them.
      expect(shown).toMatch(/^(#compdef pipework|_pipework\(\) \{)$/m);
      expect(shown).toMatch(/^Usage: pipework new \[options\] DIR$/m);
      expect(shown).toMatch(/^Usage: pipework call /m);
      expect(shown).toMatch(/^Usage: pipework doctor /m);
    },
  );
});

/**
 * For each shell, a function that returns a script. For each line, the script prints the words that the shell
 * offers, and then a line `=`.
 */
const offers = {
  bash: (lines: readonly string[]): string => {
    const asked = lines.map((line) => {
      const words = line.split(/ |(=)/).filter((word) => word !== undefined);
      return `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}) COMP_CWORD=${words.length - 1}
        _pipework; printf '%s\\n' "\${COMPREPLY[@]}"; echo =`;
    });
    return ['eval "$(pipework completion bash)"', ...asked].join('\n');
  },
  fish: (lines: readonly string[]): string =>
    ['pipework completion fish | source', ...lines.map((line) => `complete -C '${line}'; echo =`)].join('\n'),
};

describe.each(['bash', 'fish'] as const)('the words that %s offers', (shell) => {
  const why = missing(shell);
  test.skipIf(why !== undefined)(
    `are the existing commands, options, values and folders${why === undefined ? '' : ` (SKIPPED: ${why})`}`,
    async () => {
      const rows: [line: string, words: string[]][] = [
        ['pipework co', ['completion', 'conformance']],
        ['pipework hel', ['help']],
        ['pipework --ver', ['--version']],
        ['pipework call --st', ['--start-timeout', '--stdin']],
        ['pipework call --stdin ', ['bytes', 'json', 'ndjson', 'text']],
        ['pipework completion z', ['zsh']],
        ['pipework call --stdin=js', shell === 'bash' ? ['json'] : ['--stdin=json']],
        ['pipework doctor --skip name', ['namespaces']],
        ['pipework doctor --skip init,na', ['init,namespaces']],
        ['pipework help doc', ['doctor']],
        ['pipework new packages/cli/sr', [`packages/cli/src${shell === 'bash' ? '' : '/'}`]],
        ['pipework describe -- node --j', []],
      ];
      // In bash, the script itself must recognize the value of an option. fish does that for its scripts.
      if (shell === 'bash') rows.push(['pipework call --timeout --st', []]);
      const { stdout } = await run([shell, '-c', offers[shell](rows.map(([line]) => line))], { env });
      // fish prints a description after each word.
      const offered = stdout.split('=\n').map((part) => part.split('\n').map((one) => one.split('\t')[0]));
      for (const [index, [line, words]] of rows.entries())
        expect(offered[index]?.filter((one) => one !== '').toSorted(), line).toEqual(words);
    },
  );
});

test('completion refuses an unknown shell', async () => {
  const { status, stderr } = await inProcess(['completion', 'tcsh']);
  expect(stderr).toContain('SHELL: expected bash, zsh or fish; got "tcsh"');
  expect(status).toBe(2);
});
