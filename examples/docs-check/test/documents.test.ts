import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { byName, findDocuments, findPackageDocuments } from '../src/documents.ts';
import { filesOf } from '../src/library.ts';
import { makeTree } from './support/tree.ts';

test('finds the Markdown files of a directory, except for installed, hidden and built ones', async () => {
  const root = await makeTree({
    'README.md': '',
    'docs/b.markdown': '',
    'docs/c.txt': '',
    'dist/d.md': '',
    '.git/e.md': '',
    '.github/f.md': '',
    'node_modules/a/README.md': '',
  });
  const found = (await findDocuments('.', root)).sort(byName);
  expect(found.map((document) => document.name)).toEqual(['.github/f.md', 'README.md', 'docs/b.markdown']);
});

test('accepts a single file, with the repository around it as its tree', async () => {
  const root = await makeTree({ '.git/HEAD': '', 'docs/a.md': '' });
  const [document] = await findDocuments('docs/a.md', root);
  expect(document).toMatchObject({ name: 'docs/a.md', path: 'docs/a.md', tree: { root, whole: true } });
});

test('finds the README of each installed package once, in the layouts of pnpm and npm', async () => {
  const manifest = (name: string): string => JSON.stringify({ name, version: '1.0.0' });
  const root = await makeTree({
    'node_modules/.pnpm/a@1.0.0/node_modules/a/README.md': '',
    'node_modules/.pnpm/a@1.0.0/node_modules/a/package.json': manifest('a'),
    'node_modules/@s/b/package.json': manifest('@s/b'),
    'node_modules/@s/b/readme.md': '',
    'node_modules/@s/b/node_modules/c/package.json': manifest('c'),
    'node_modules/@s/b/node_modules/c/README.md': '',
    'node_modules/no-readme/package.json': manifest('no-readme'),
    'packages/mine/package.json': manifest('mine'),
    'packages/mine/README.md': '',
  });
  await symlink('.pnpm/a@1.0.0/node_modules/a', join(root, 'node_modules/a'));
  await symlink('../packages/mine', join(root, 'node_modules/mine'));
  await symlink('nowhere', join(root, 'node_modules/dangling'));
  const found = (await findPackageDocuments(root)).sort(byName);
  expect(found.map((document) => document.name)).toEqual([
    '@s/b@1.0.0/readme.md',
    'a@1.0.0/README.md',
    'c@1.0.0/README.md',
  ]);
  expect(found[0]).toMatchObject({ isInstalled: true, path: 'readme.md', tree: { whole: false } });
});

test('a library finds files and their exact spelling in its tree, and nothing outside of the tree', async () => {
  const root = await makeTree({ 'tree/Docs/a.md': 'text', 'secret.md': 'secret' });
  const files = filesOf(join(root, 'tree'));
  expect(await files.look('')).toEqual({ kind: 'directory', path: '' });
  expect(await files.look('Docs/a.md')).toEqual({ kind: 'file', path: 'Docs/a.md' });
  expect(await files.look('docs/A.md')).toEqual({ kind: 'file', path: 'Docs/a.md' });
  expect(await files.look('Docs/b.md')).toMatchObject({ kind: 'missing' });
  expect(await files.look('Docs/a.md/b')).toMatchObject({ kind: 'missing' });
  expect(await files.look('../secret.md')).toMatchObject({ kind: 'outside' });
  expect(await files.read('Docs/a.md')).toBe('text');
  await expect(files.read('../secret.md')).rejects.toThrow('../secret.md cannot be read: it is outside');
});

test('a library reads nothing through a symbolic link that leads out of its tree', async () => {
  const root = await makeTree({ 'secret.md': 'secret', 'elsewhere/a.md': '' });
  await mkdir(join(root, 'tree'));
  await symlink('../secret.md', join(root, 'tree/innocent.md'));
  await expect(filesOf(join(root, 'tree')).read('innocent.md')).rejects.toThrow('leads out of the tree');
});
