// Compares ARCHITECTURE.md with the repository: packages, folders in their order, files, classes, and the
// glossary's words.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { root } from './pages.ts';

const page = readFileSync(`${root}ARCHITECTURE.md`, 'utf8');
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
}).split('\n');
const core = 'packages/core/src/';

/** Returns the rows of the table whose first column has the heading `head`. Each row is a list of cells. */
function rowsOf(head: string): string[][] {
  const [, behind = ''] = page.split(new RegExp(`^\\| ${head} .*\\n`, 'm'));
  const [table = ''] = behind.split('\n\n');
  const rows = table.split('\n').slice(1);
  return rows.map((row) => row.split('|').map((cell) => cell.trim()));
}

const quotedIn = (cell: string | undefined): string[] =>
  [...(cell ?? '').matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);

const packages = rowsOf('package').filter(([, name]) => !name?.includes('msgpackr'));
const folders = rowsOf('folder');
const sources = (folder: string): string[] =>
  files.filter(
    (file) => file.startsWith(folder) && /\.m?[jt]s$/.test(file) && !/\.test\.|\/dist\//.test(file),
  );

test('every package has a row in the table of packages, and every folder that a row names exists', () => {
  const named = packages.flatMap(([, cell]) => quotedIn(cell));
  const there = new Set(files.flatMap((file) => /^packages\/[\w-]+/.exec(file)?.[0] ?? []));
  expect(named.filter((name) => name.startsWith('packages/')).sort()).toEqual([...there].sort());
  for (const name of named)
    expect(
      files.some((file) => file.startsWith(`${name}/`)),
      name,
    ).toBe(true);
});

test('each folder of core, or a folder above it, has a row, in the order of check-layers.mjs', () => {
  const named = folders.flatMap(([, cell]) => quotedIn(cell));
  const checked = readFileSync(`${root}scripts/check-layers.mjs`, 'utf8');
  const [, order = ''] = /const coreOrder = \[([^\]]+)\]/.exec(checked) ?? [];
  expect(named).toEqual([...order.matchAll(/'([^']+)'/g)].map(([, folder]) => folder));
  const there = new Set(
    sources(core).map((file) => file.slice(core.length).split('/').slice(0, -1).join('/')),
  );
  there.delete('');
  for (const folder of there)
    expect(
      named.some((name) => folder === name || folder.startsWith(`${name}/`)),
      folder,
    ).toBe(true);
});

test.each([...packages.map((row) => ['', ...row]), ...folders.map((row) => [core, ...row])])(
  'the sources of %s%s%s declare the classes that their row names',
  (prefix, _empty, cell, _duty, classes) => {
    const text = quotedIn(cell)
      .flatMap((folder) => sources(`${prefix}${folder}/`))
      .map((file) => readFileSync(root + file, 'utf8'))
      .join('\n');
    for (const name of quotedIn(classes))
      if (/^\w+$/.test(name))
        expect(text).toMatch(new RegExp(`\\b(class|interface|type|function) ${name}\\b`));
  },
);

test('every file that ARCHITECTURE.md names exists', () => {
  const text = page.replaceAll(/^```[^]*?^```/gm, '');
  const named = quotedIn(text).filter((name) => /^[\w./-]+\.(ts|mjs|md)$/.test(name));
  expect(named.length).toBeGreaterThan(60);
  for (const name of named)
    expect(
      files.some((file) => file === name || file.endsWith(`/${name}`)),
      name,
    ).toBe(true);
});

test("no source has a field such as #isEnded; the glossary's names are hasEnded and endedBy", () => {
  const all = files.filter((file) => /^packages\/[\w-]+\/src\/.*(?<!\.test)\.ts$/.test(file));
  for (const file of all) {
    const declared = /^ {2}#(isEnded|isOver|over|wasEnded|isFinished|ended) = (true|false);/m;
    expect(declared.exec(readFileSync(root + file, 'utf8'))?.[0], file).toBeUndefined();
  }
});

test('lines of prose in ARCHITECTURE.md are at most 100 columns wide', () => {
  let isFenced = false;
  for (const line of page.split('\n')) {
    if (line.startsWith('```')) isFenced = !isFenced;
    else if (!isFenced && !line.startsWith('|')) expect(line.length, line).toBeLessThanOrEqual(100);
  }
});
