/** The whole of docs-check: the built host, its plugins as processes of their own, real files. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { docsCheck, fixture, start } from './support/program.ts';
import { makeTree } from './support/tree.ts';

const broken = {
  'README.md': '# Read me\n\n[gone](docs/gone.md) [there](docs/a.md#a) [no](docs/a.md#b)\n',
  'docs/a.md': '# A\n\n### C\n\n```json\n{"a": }\n```\n',
};
const sound = { 'README.md': '# Read me\n\n[a](docs/a.md#a)\n', 'docs/a.md': '# A\n\n```js\nlet a;\n```\n' };

/** Pages `1.md` to `20.md`, one of which says something else. */
function twentyPages(special: number, text: string): Record<string, string> {
  const pages = Array.from({ length: 20 }, (_, index) => [`${index + 1}.md`, `# Page ${index + 1}\n`]);
  return { ...Object.fromEntries(pages), [`${special}.md`]: `# Page ${special}\n\n${text}\n` };
}

test('finds what is broken, at its place, with the name of the plugin that found it', async () => {
  const { code, stdout } = await docsCheck(await makeTree(broken), '.');
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

test('exits with 1 when something is broken and it was asked to be strict', async () => {
  expect((await docsCheck(await makeTree(broken), '--strict', '.')).code).toBe(1);
  expect((await docsCheck(await makeTree(sound), '--strict', '.')).code).toBe(0);
});

test('checks the directory that it is given, its links into the repository around it included', async () => {
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

test('shows its progress in lines where there is no terminal, and nothing at all when asked to be quiet', async () => {
  const root = await makeTree(sound);
  const { stderr } = await docsCheck(root, '.');
  expect(stderr).toContain('2 pages, 3 plugins: fences, links, prose\n');
  expect(stderr.match(/^(fences|links|prose): [12] of 2 pages$/gm)).toHaveLength(6);
  expect((await docsCheck(root, '--quiet', '.')).stderr).toBe('');
});

test('prints what plugins print, each line with the name before it and no character cut', async () => {
  const { stdout } = await docsCheck(await makeTree(sound), '.', '--plugins', fixture('crashes'));
  expect(stdout).toMatch(/^links +│ links followed: 1$/m);
  expect(stdout).toMatch(/^fences +│ fences parsed: 1$/m);
  expect(stdout).toMatch(/^crashes │ grüße von docs\/a\.md 😀$/m);
  expect(stdout).not.toContain('�');
});

test('survives a plugin that crashes on one page: it names both, and all other pages are checked by all', async () => {
  const root = await makeTree(twentyPages(7, 'crash me'));
  const { code, stdout, stderr } = await docsCheck(root, '.', '--strict', '--plugins', fixture('crashes'));
  expect(stdout).toMatch(/^plugin crashes crashed with exit code 7 at 7\.md\n {2}│ cannot bear 7\.md$/m);
  expect(stdout).toMatch(
    /^crashes +a page that it cannot bear +19 +0 +19 .* 1 mishap, started again twice$/m,
  );
  expect(stdout.match(/crashes\/survived/g)).toHaveLength(19);
  expect(stdout).toMatch(/^links .* 20 +0 +0 /m);
  expect(stderr).toContain('crashes │ cannot bear 7.md\n');
  expect(code).toBe(1);
});

test('survives a plugin that crashes on several pages', async () => {
  const root = await makeTree({ ...twentyPages(3, 'crash me'), '4.md': 'crash me', '19.md': 'crash me' });
  const { stdout } = await docsCheck(root, '.', '--plugins', fixture('crashes'));
  for (const page of [3, 4, 19])
    expect(stdout).toContain(`plugin crashes crashed with exit code 7 at ${page}.md\n`);
  expect(stdout.match(/crashes\/survived/g)).toHaveLength(17);
});

test('survives a plugin that hangs on one page', async () => {
  const root = await makeTree(twentyPages(5, 'hang me'));
  const { stdout } = await docsCheck(root, '.', '--timeout', '1', '--plugins', fixture('hangs'));
  expect(stdout).toMatch(/^plugin hangs did not answer within 1 s at 5\.md$/m);
  expect(stdout).toMatch(/^hangs +a page without an end +19 .* seen 19, 1 mishap, started again twice$/m);
});

test('goes on where a plugin throws at one page, without starting it again', async () => {
  const root = await makeTree(twentyPages(5, 'refuse me'));
  const { code, stdout } = await docsCheck(root, '.', '--strict', '--plugins', fixture('refuses'));
  expect(stdout).toMatch(/^plugin refuses failed: not this page at 5\.md$/m);
  expect(stdout).toMatch(/^refuses +manners +19 .* seen 19, 1 mishap$/m);
  expect(code).toBe(1);
});

test('goes on without a plugin that does not start, and says what it wrote', async () => {
  const { code, stdout } = await docsCheck(
    await makeTree(sound),
    '.',
    '--strict',
    '--plugins',
    fixture('never-starts'),
  );
  expect(stdout).toMatch(/^plugin never-starts did not start: plugin exited before we could connect/m);
  expect(stdout).toContain('│ no licence found');
  expect(stdout).toMatch(/^never-starts .* 1 mishap, 2 pages not checked$/m);
  expect(stdout).toMatch(/^links .* 2 +0 +0 /m);
  expect(code).toBe(1);
});

test('gives the same report in every run, also as JSON', async () => {
  const root = await makeTree(broken);
  const [first, second] = [
    await docsCheck(root, '--json', '.'),
    await docsCheck(root, '--json', '--jobs', '1', '.'),
  ];
  expect(second.stdout).toBe(first.stdout);
  expect(JSON.parse(first.stdout)).toMatchObject({
    errors: 3,
    warnings: 1,
    pages: [{ name: 'README.md', findings: [{ line: 3, rule: 'missing-file', plugin: 'links' }, {}] }, {}],
  });
});

test('summarises installed packages, and lists their findings when asked to', async () => {
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

test('Ctrl-C ends it, with plugins that hang as well', async () => {
  const root = await makeTree(twentyPages(1, 'hang me'));
  const run = start(root, ['.', '--plugins', fixture('hangs')]);
  await expect.poll(() => run.stderr, { timeout: 15_000 }).toContain('links: 20 of 20 pages');
  await expect.poll(() => run.stdout, { timeout: 15_000 }).toMatch(/^hangs +│ process \d+$/m);
  // As a terminal does it: everyone in the process group gets the signal.
  process.kill(-(run.child.pid ?? 0), 'SIGINT');
  expect(await run.ended).toBe(130);
  expect(run.stderr).toContain('interrupted: ending the plugins\n');
  expect(run.stdout).not.toContain('20 pages, 4 plugins');
  const plugin = Number(/│ process (\d+)$/m.exec(run.stdout)?.[1]);
  expect(() => process.kill(plugin, 0)).toThrow('ESRCH');
});

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

test('runs the plugin that the README tells how to write', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const code = /```js\n(#!.*?)```/s.exec(readme)?.[1] ?? '';
  // Inside of the package, since the plugin imports @pipework/core as anybody would.
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

test('explains itself', async () => {
  const { code, stdout } = await docsCheck(await makeTree({}), '--help');
  expect(stdout).toContain('Usage: docs-check [options]');
  expect(code).toBe(0);
});
