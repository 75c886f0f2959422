import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { pathsIn, whatIsHidden } from './hidden.ts';

describe('the last output of a plugin that did not start', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'pipework-hidden-')));
  const at = (...names: string[]): string => join(folder, ...names);
  for (const directory of ['app/node_modules/dep', 'store/node_modules/.store/linked', 'app/lib'])
    mkdirSync(at(directory), { recursive: true });
  for (const file of ['app/main.js', 'app/lib/util.js', 'app/conf.json']) writeFileSync(at(file), '');
  symlinkSync(at('store/node_modules/.store/linked'), at('app/node_modules/linked'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const told = async (text: string, ...shown: string[]): Promise<string | undefined> =>
    /show: (.*)\. If/.exec((await whatIsHidden(text, shown, at('app'))) ?? '')?.[1];
  const main = at('app/main.js');

  test.each([
    ['a package', `Error: Cannot find package 'dep' imported from ${main}`, 'app/node_modules'],
    [
      'a part of a package',
      `Error: Cannot find module 'dep/a'\nRequire stack:\n- ${main}\n`,
      'app/node_modules',
    ],
    [
      'an imported module',
      `Cannot find module '${at('app/lib/util.js')}' imported from ${main}`,
      'app/lib/util.js',
    ],
    ['a required module', `Cannot find module './lib/util'\nRequire stack:\n- ${main}\n`, 'app/lib/util.js'],
    ['a module of Deno', `error: Module not found "file://${at('app/lib/util.js')}".`, 'app/lib/util.js'],
    ['a file', `ENOENT: no such file or directory, open '${at('app/conf.json')}'`, 'app/conf.json'],
    [
      'a file of the working directory',
      "ENOENT: no such file or directory, open 'conf.json'",
      'app/conf.json',
    ],
    [
      'a file that a shell cannot open',
      `sh: 1: cannot open ${at('app/conf.json')}: No such file`,
      'app/conf.json',
    ],
    ['a file that a permission model denies', `  resource: '${at('app/conf.json')}'`, 'app/conf.json'],
  ])('shows that %s is hidden', async (_, text, path) => {
    expect(await told(text, main)).toBe(at(path));
    expect(await told(text, at('app'))).toBeUndefined();
  });

  test('names the target of a shown link if the target is hidden', async () => {
    const text = `Cannot find package 'linked' imported from ${main}`;
    expect(await told(text, at('app'))).toBe(at('store/node_modules'));
  });

  test('says nothing about a file that does not exist, or could be opened', async () => {
    expect(await told(`ENOENT, open '${at('app/nowhere')}'`, main)).toBeUndefined();
    expect(await told(`wrote ${at('app/conf.json')}`, main)).toBeUndefined();
  });

  test('never advises to list a path that `read` refuses', async () => {
    symlinkSync('/proc/version', at('app/kernel'));
    for (const path of ['/proc/version', '/proc', '/sys', '/dev', '/', at('app/kernel')])
      expect(await told(`ENOENT, open '${path}'`, main)).toBeUndefined();
  });

  /**
   * Texts of 16 KiB, which is as much as the host keeps. Each text has one beginning, and then repeats one
   * piece.
   */
  const slow = [
    `Cannot find package 'x' imported from `,
    `Cannot find module './x' imported from `,
    `Cannot find module 'x'\nRequire stack:\n- `,
    `ENOENT '`,
    `ENOENT "`,
    'ENOENT ',
  ].flatMap((head) =>
    ['/a', '/', '/..', "'", '"', "'.'", './', 'file:///%61', '/node_modules', '\n', head, `\n${head}/a`].map(
      (piece) => `${head}${piece.repeat(Math.ceil(16_384 / piece.length))}`.slice(0, 16_384),
    ),
  );

  test('costs the host a bounded number of file system calls and little time, whatever the plugin has printed', async () => {
    for (const text of slow) {
      const paths = pathsIn(text, `/${'w/'.repeat(2_000)}`);
      expect(paths.length).toBeLessThanOrEqual(24);
      for (const path of paths) expect(path.length).toBeLessThan(16_384);
    }
    const all = Promise.resolve().then(async () => Promise.all(slow.map((text) => told(text, main))));
    await expect(all, 'reading all texts').toHappenWithin(3_000);
  });
});
