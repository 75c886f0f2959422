/**
 * Tests the findings and the output of docs-check. The tests use the built host, its plugins as processes of
 * their own, and real files.
 */
import { expect, test } from 'vitest';
import { once } from './support/once.ts';
import { docsCheck, fixture } from './support/program.ts';
import { makeTree } from './support/tree.ts';

const broken = {
  'README.md': '# Read me\n\n[gone](docs/gone.md) [there](docs/a.md#a) [no](docs/a.md#b)\n',
  'docs/a.md': '# A\n\n### C\n\n```json\n{"a": }\n```\n',
};

const sound = { 'README.md': '# Read me\n\n[a](docs/a.md#a)\n', 'docs/a.md': '# A\n\n```js\nlet a;\n```\n' };

const checkBroken = once(async () => await docsCheck(await makeTree(broken), '.'));
const checkBrokenStrictly = once(
  async () => await docsCheck(await makeTree(broken), '--strict', '--json', '--jobs', '1', '.'),
);
const checkSoundStrictly = once(
  async () => await docsCheck(await makeTree(sound), '--strict', '--quiet', '.'),
);

test('prints what is broken and where, and names the plugin that found it', async () => {
  const { code, stdout } = await checkBroken();
  expect(stdout).toContain(`README.md
   3:1  error    docs/gone.md does not exist  links/missing-file
  3:43  error    no heading of docs/a.md makes #b  links/missing-anchor

docs/a.md
  3:1  warning  level 3 after level 1: "C"  prose/skipped-level
  6:7  error    json: value expected  fences/json
`);
  expect(stdout).toMatch(/^links +links, anchors, images +2 +2 +0 .* links 3$/m);
  expect(stdout).toMatch(/^prose +headings, readability +2 +0 +1 /m);
  expect(stdout).toMatch(/^fences +fences: JSON, JavaScript +2 +1 +0 .* fences 1, parsed 1$/m);
  expect(stdout).toMatch(/\n2 pages, 3 plugins, 3 errors, 1 warning in [\d.]+ s\n$/);
  expect(code).toBe(0);
});

test('exits with 1 if something is broken and --strict was given', async () => {
  expect((await checkBrokenStrictly()).code).toBe(1);
  expect((await checkSoundStrictly()).code).toBe(0);
});

test('checks the given directory, including its links into the repository around it', async () => {
  const root = await makeTree({
    ...broken,
    '.git/HEAD': '',
    'docs/b.md': '# B\n\n[up](../README.md#read-me)\n',
  });
  const { stdout } = await docsCheck(root, 'docs');
  expect(stdout).toContain('docs/a.md');
  expect(stdout).not.toContain('README.md');
  expect(stdout).toMatch(/\n2 pages, 3 plugins, 1 error, 1 warning in /);
});

test('prints its progress as lines if there is no terminal, and nothing at all with --quiet', async () => {
  const { stderr } = await checkBroken();
  expect(stderr).toContain('2 pages, 3 plugins: fences, links, prose\n');
  expect(stderr.match(/^(fences|links|prose): [12] of 2 pages$/gm)).toHaveLength(6);
  expect((await checkSoundStrictly()).stderr).toBe('');
});

test('prints the plugin’s name before each of its lines, and splits no character', async () => {
  const { stdout } = await docsCheck(await makeTree(sound), '.', '--plugins', fixture('crashes'));
  expect(stdout).toMatch(/^links +│ links followed: 1$/m);
  expect(stdout).toMatch(/^fences +│ fences parsed: 1$/m);
  expect(stdout).toMatch(/^crashes │ grüße von docs\/a\.md 😀$/m);
  expect(stdout).not.toContain('�');
});

test('gives the same report in every run, also as JSON', async () => {
  const first = await docsCheck(await makeTree(broken), '--json', '.');
  const second = await checkBrokenStrictly();
  expect(second.stdout).toBe(first.stdout);
  expect(JSON.parse(first.stdout)).toMatchObject({
    errors: 3,
    warnings: 1,
    pages: [{ name: 'README.md', findings: [{ line: 3, rule: 'missing-file', plugin: 'links' }, {}] }, {}],
  });
});

test('summarises installed packages, and lists their findings with --all', async () => {
  const root = await makeTree({
    'README.md': '# Read me\n',
    'node_modules/a/package.json': '{"name": "a", "version": "1.2.3"}',
    'node_modules/a/README.md': '# A\n\n[x](#y) [z](docs/z.md)\n',
  });
  const brief = await docsCheck(root);
  expect(brief.stdout).toMatch(/^a@1\.2\.3\/README\.md +1 +1 {2}missing-anchor, not-shipped$/m);
  expect((await docsCheck(root, 'node_modules')).stdout).toMatch(
    /\n1 page, 3 plugins, 1 error, 1 warning in /,
  );
  const full = await docsCheck(root, '--packages', '--all', '.');
  expect(full.stdout).toContain('a@1.2.3/README.md\n  3:1  error    no heading of this page makes #y');
});
