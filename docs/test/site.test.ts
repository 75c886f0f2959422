// Checks that the site includes every page and resolves links, without a list that must be kept by hand.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { addressOf } from '../../site/links.mjs';
import { guideSidebar, pageOf, targetOf } from '../../site/pages.mjs';
import { read, root } from './pages.ts';

interface Section {
  readonly items: { readonly link: string }[];
}

test("the site's sidebar lists each page of docs/ and each package's README exactly once", () => {
  const links = (guideSidebar() as Section[]).flatMap(({ items }) => items.map(({ link }) => link));
  const markdownIn = (folder: string): string[] =>
    readdirSync(root + folder)
      .filter((name) => name.endsWith('.md'))
      .map((name) => `/${pageOf(`${folder}/${name}`)}`);
  const wanted = [
    ...['docs', 'docs/decisions'].flatMap(markdownIn),
    ...readdirSync(`${root}packages`).map((name) => `/packages/${name}.md`),
  ];
  expect(links).toEqual(expect.arrayContaining(wanted));
  expect(new Set(links).size).toBe(links.length);
});

test("a link to a file leads to the file's page on the site, or to the file itself if there is no page", () => {
  expect(targetOf('docs/calls.md', 'errors.md')).toEqual({ page: 'errors.md' });
  expect(targetOf('docs/decisions/0011-yamux.md', '../yamux.md')).toEqual({ page: 'yamux.md' });
  expect(targetOf('SECURITY.md', 'docs/decisions')).toEqual({ page: 'decisions/index.md' });
  expect(targetOf('docs/calls.md', '../README.md')).toEqual({ page: 'index.md' });
  expect(targetOf('docs/go-plugin.md', '../examples/greeter')).toEqual({ file: 'examples/greeter' });
  expect(targetOf('docs/calls.md', 'nowhere.md')).toBeUndefined();
});

test('a link to a file without a page leads to the file in the repository', () => {
  const repository = 'https://forge.example/owner/name';
  expect(addressOf(repository, 'examples/greeter')).toBe(`${repository}/tree/main/examples/greeter`);
  expect(addressOf(repository, 'LICENSE')).toBe(`${repository}/blob/main/LICENSE`);
});

test('the README of each package names a page of docs/', () => {
  const silent = readdirSync(`${root}packages`).filter(
    (name) => !/`docs\/[\w-]+\.md`/.test(read(`packages/${name}/README.md`)),
  );
  expect(silent).toEqual([]);
});

test('scripts/address.mjs turns each page that a README names into a link to the site', () => {
  const copy = mkdtempSync(join(tmpdir(), 'pipework-address-'));
  onTestFinished(() => rmSync(copy, { recursive: true, force: true }));
  cpSync(`${root}package.json`, join(copy, 'package.json'));
  for (const name of readdirSync(`${root}packages`)) {
    mkdirSync(join(copy, 'packages', name), { recursive: true });
    for (const file of ['package.json', 'README.md'])
      cpSync(`${root}packages/${name}/${file}`, join(copy, 'packages', name, file));
  }
  const script = join(root, 'scripts/address.mjs');
  const run = (...args: string[]) => execFileSync(process.execPath, [script, ...args], { cwd: copy });
  run('https://forge.example/owner/name', 'https://owner.example/name');
  run();

  const written = (file: string): string => readFileSync(join(copy, 'packages', file), 'utf8');
  expect(JSON.parse(written('core/package.json'))).toMatchObject({
    homepage: 'https://owner.example/name',
    repository: { url: 'https://forge.example/owner/name', directory: 'packages/core' },
  });
  expect(written('fleet/README.md')).toContain(
    '[Plugins that stay alive](https://owner.example/name/fleet.html)',
  );
  for (const name of readdirSync(`${root}packages`))
    expect(written(`${name}/README.md`)).not.toMatch(/`docs\/[\w-]+\.md`/);
});
