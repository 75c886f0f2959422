// The site takes up what there is, without being told.
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { addressOf } from '../../site/links.mjs';
import { guideSidebar, pageOf, targetOf } from '../../site/pages.mjs';
import { root } from './pages.ts';

interface Section {
  readonly items: { readonly link: string }[];
}

test('every page of docs/ and every README of a package stands once in the sidebar of the site', () => {
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

test('a link of a page leads to the page of the file that it names, or to the file', () => {
  expect(targetOf('docs/calls.md', 'errors.md')).toEqual({ page: 'errors.md' });
  expect(targetOf('docs/decisions/0011-yamux.md', '../yamux.md')).toEqual({ page: 'yamux.md' });
  expect(targetOf('SECURITY.md', 'docs/decisions')).toEqual({ page: 'decisions/index.md' });
  expect(targetOf('docs/calls.md', '../README.md')).toEqual({ page: 'index.md' });
  expect(targetOf('docs/go-plugin.md', '../examples/greeter')).toEqual({ file: 'examples/greeter' });
  expect(targetOf('docs/calls.md', 'nowhere.md')).toBeUndefined();
});

test('a file that is no page is shown where the repository is', () => {
  const repository = 'https://forge.example/owner/name';
  expect(addressOf(repository, 'examples/greeter')).toBe(`${repository}/tree/main/examples/greeter`);
  expect(addressOf(repository, 'LICENSE')).toBe(`${repository}/blob/main/LICENSE`);
});
