/** Tests docs-check with plugins that crash, hang, refuse a page or do not start, and with Ctrl-C. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { once } from './support/once.ts';
import { docsCheck, fixture, start } from './support/program.ts';
import { makeTree } from './support/tree.ts';

const sound = { 'README.md': '# Read me\n\n[a](docs/a.md#a)\n', 'docs/a.md': '# A\n\n```js\nlet a;\n```\n' };

/** Makes pages `1.md` to `20.md`, one of which has another text. */
function twentyPages(special: number, text: string): Record<string, string> {
  const pages = Array.from({ length: 20 }, (_, index) => [`${index + 1}.md`, `# Page ${index + 1}\n`]);
  return { ...Object.fromEntries(pages), [`${special}.md`]: `# Page ${special}\n\n${text}\n` };
}

test('if a plugin crashes on one page, the report names both, and all plugins check all other pages', async () => {
  const root = await makeTree(twentyPages(7, 'crash me'));
  const { code, stdout, stderr } = await docsCheck(root, '.', '--strict', '--plugins', fixture('crashes'));
  expect(stdout).toMatch(/^plugin crashes crashed with exit code 7 at 7\.md\n {2}│ cannot bear 7\.md$/m);
  // The plugin is restarted once for the pages that it was checking, and once more if there were other pages
  // after the bad one.
  expect(stdout).toMatch(
    /^crashes +a page that it cannot bear +19 +0 +19 .* 1 mishap, started again (once|twice)$/m,
  );
  expect(stdout.match(/crashes\/survived/g)).toHaveLength(19);
  expect(stdout).toMatch(/^links .* 20 +0 +0 /m);
  expect(stderr).toContain('crashes │ cannot bear 7.md\n');
  expect(code).toBe(1);
});

/** A run in which one plugin crashes on a page, and another plugin hangs on another page. */
const oneAtATime = once(async () => {
  const root = await makeTree({ ...twentyPages(7, 'crash me'), '5.md': '# Page 5\n\nhang me\n' });
  const plugins = ['crashes', 'hangs'].flatMap((conduct) => ['--plugins', fixture(conduct)]);
  return await docsCheck(root, '.', '--jobs', '1', '--timeout', '3', ...plugins);
});

test('restarts a plugin once if it crashes while it checks a single page', async () => {
  const { stdout } = await oneAtATime();
  expect(stdout).toMatch(/^crashes .* 19 +0 +19 .* 1 mishap, started again once$/m);
});

test('survives a plugin that crashes on several pages', async () => {
  const root = await makeTree({ ...twentyPages(3, 'crash me'), '4.md': 'crash me', '19.md': 'crash me' });
  const { stdout } = await docsCheck(root, '.', '--plugins', fixture('crashes'));
  for (const page of [3, 4, 19])
    expect(stdout).toContain(`plugin crashes crashed with exit code 7 at ${page}.md\n`);
  expect(stdout.match(/crashes\/survived/g)).toHaveLength(17);
});

test('survives a plugin that hangs on one page', async () => {
  const { stdout } = await oneAtATime();
  expect(stdout).toMatch(/^plugin hangs did not answer within 3 s at 5\.md$/m);
  expect(stdout).toMatch(/^hangs +a page without an end +19 .* seen 19, 1 mishap, started again once$/m);
});

test('continues if a plugin throws for one page, without a restart', async () => {
  const root = await makeTree(twentyPages(5, 'refuse me'));
  const { code, stdout } = await docsCheck(root, '.', '--strict', '--plugins', fixture('refuses'));
  expect(stdout).toMatch(/^plugin refuses failed: not this page at 5\.md$/m);
  expect(stdout).toMatch(/^refuses +manners +19 .* seen 19, 1 mishap$/m);
  expect(code).toBe(1);
});

test('continues without a plugin that does not start, and shows what it printed', async () => {
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

test('Ctrl-C ends docs-check, even if its plugins hang', async () => {
  const root = await makeTree(twentyPages(1, 'hang me'));
  const run = start(root, ['.', '--plugins', fixture('hangs')]);
  await expect.poll(() => run.stderr).toContain('links: 20 of 20 pages');
  await expect.poll(() => run.stdout).toMatch(/^hangs +│ process \d+$/m);
  // As on a terminal, every process in the group gets the signal.
  process.kill(-(run.child.pid ?? 0), 'SIGINT');
  expect(await run.ended).toBe(130);
  expect(run.stderr).toContain('interrupted: ending the plugins\n');
  expect(run.stdout).not.toContain('20 pages, 4 plugins');
  // The test looks for the program's name, because an isolated plugin knows only its process id inside of the
  // sandbox.
  const processes = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
  expect(processes).not.toContain('docs-check-hangs.mjs');
});
