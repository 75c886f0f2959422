/** Tests the command line of docs-check, and the output that its README shows. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { docsCheck } from './support/program.ts';
import { makeTree } from './support/tree.ts';

const sound = { 'README.md': '# Read me\n\n[a](docs/a.md#a)\n', 'docs/a.md': '# A\n\n```js\nlet a;\n```\n' };

test.each([
  [['--nonsense'], "Unknown option '--nonsense'"],
  [['nowhere'], 'nowhere cannot be read'],
  [['--plugins', '.', '.'], 'has no executable file called docs-check-*'],
])('says what is wrong with %s and exits with 2', async (args, message) => {
  const { code, stderr, stdout } = await docsCheck(await makeTree(sound), ...args);
  expect(stderr).toContain(message);
  expect(stdout).toBe('');
  expect(code).toBe(2);
});

test('runs the plugin that the README shows how to write', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const code = /```js\n(#!.*?)```/s.exec(readme)?.[1] ?? '';
  // The folder is inside the package, because the plugin imports @pipework/core as a user's plugin would.
  const within = fileURLToPath(new URL('../dist', import.meta.url));
  const plugins = await makeTree({}, { 'docs-check-fixme.mjs': code }, within);
  const root = await makeTree({ 'README.md': '# A\n\nAll well. FIXME: not yet\n' });
  const { stdout } = await docsCheck(root, '.', '--plugins', plugins);
  expect(stdout).toContain('README.md\n  3:11  error    All well. FIXME: not yet  fixme/fixme\n');
});

test('prints what the README shows', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const shown = /```text\n(.*?)```/s.exec(readme)?.[1] ?? '';
  const root = await makeTree({
    'README.md':
      '# Weather station\n\nSee [how to build it](docs/build.md#parts-list) and [the wiring](docs/Wiring.md).\n\n```json\n{ "port": 8080, "host": }\n```\n',
    'docs/build.md': '# Building\n\n### Parts\n\nA sensor, a board, and patience.\n',
    'docs/wiring.md': '# Wiring\n\nRed to red.\n',
  });
  const { stdout } = await docsCheck(root, '.');
  const timeless = (text: string): string => text.replace(/[\d.]+ s\b/g, 'T s');
  expect(timeless(stdout)).toContain(timeless(shown));
});

test('prints its usage with --help', async () => {
  const { code, stdout } = await docsCheck(await makeTree({}), '--help');
  expect(stdout).toContain('Usage: docs-check [options]');
  expect(code).toBe(0);
});
