/**
 * Tests of paths that a running plugin replaces while the next start looks at them. Each test tries every
 * moment: it runs once for each call of node:fs, and replaces the path right before that call.
 */

import fs from 'node:fs';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isolated, IsolateError, type IsolateOptions } from '../src/index.ts';
import { directory, noBubblewrap } from './support/cells.ts';

const looks = [
  'accessSync',
  'existsSync',
  'lstatSync',
  'openSync',
  'readlinkSync',
  'realpathSync',
  'statSync',
] as const;

/** Runs `action`, and `swap` right before the call number `at` of node:fs. Returns the number of calls. */
function swapAt(at: number, swap: () => void, action: () => void): number {
  let calls = 0;
  const all = fs as unknown as Record<(typeof looks)[number], (...words: unknown[]) => unknown>;
  const originals = looks.map((name) => [name, all[name]] as const);
  for (const [name, original] of originals) {
    all[name] = (...words) => {
      if (calls++ === at) swap();
      return original(...words);
    };
  }
  syncBuiltinESMExports();
  try {
    action();
  } finally {
    for (const [name, original] of originals) all[name] = original;
    syncBuiltinESMExports();
  }
  return calls;
}

interface Folders {
  /** Where the plugin may write. */
  readonly own: string;
  /** A file or directory in `own`, which the plugin replaces by a link to `secret`. */
  readonly changing: string;
  readonly secret: string;
  /** A link to `changing` that the plugin cannot change. */
  readonly link: string;
}

function folders(kind: 'file' | 'directory'): Folders & { readonly swap: () => void } {
  const folder = directory();
  const [own, secret, link] = ['own', 'secret', 'link'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const [changing, other] = [join(own, 'changing'), join(own, 'other')];
  mkdirSync(own);
  for (const path of [changing, secret]) {
    if (kind === 'file') writeFileSync(path, '');
    else mkdirSync(path);
  }
  symlinkSync(secret, other);
  symlinkSync(changing, link);
  const swap = (): void => {
    renameSync(changing, join(own, 'aside'));
    renameSync(other, changing);
    renameSync(join(own, 'aside'), other);
  };
  return { own, changing, secret, link, swap };
}

const node = [process.execPath] as const;
const means: [string, IsolateOptions, boolean][] = [
  [`bubblewrap${noBubblewrap}`, {}, noBubblewrap === ''],
  ["Node's permission model", { require: 'runtime', bwrap: false, net: true }, true],
];
const cases: [
  string,
  'file' | 'directory',
  (at: Folders) => [IsolateOptions, readonly [string, ...string[]]],
][] = [
  ['a script', 'file', ({ own, changing }) => [{ write: [own] }, [...node, changing]]],
  ['the target of a script that is a link', 'file', ({ own, link }) => [{ write: [own] }, [...node, link]]],
  ['a place in `read`', 'directory', ({ own, changing }) => [{ read: [changing], write: [own] }, node]],
  ['a place in `write`', 'directory', ({ own, changing }) => [{ write: [own, changing] }, node]],
  ['the target of a link in `write`', 'directory', ({ own, link }) => [{ write: [own, link] }, node]],
];

for (const [name, options, isThere] of means) {
  describe.skipIf(!isThere)(`in ${name}, a plugin gets nothing by replacing`, () => {
    test.each(cases)('%s by a link', (_, kind, choose) => {
      const at = folders(kind);
      const [policy, command] = choose(at);
      const launcher = isolated({ ...options, ...policy });
      let described = 0;
      const look = (): void => {
        try {
          const { read, write, added, command: words } = launcher.describe(command);
          described += 1;
          expect([...read, ...write, ...added, ...words].filter((word) => word.includes(at.secret))).toEqual(
            [],
          );
          // Bubblewrap looks at the source of a mount once more, so the source must not be replaceable.
          const sources = words.filter((_, index) => /^--(ro-)?bind$/.test(words[index - 1] ?? ''));
          expect(sources.filter((source) => source.startsWith(`${at.own}/`))).toEqual([]);
        } catch (error) {
          if (!(error instanceof IsolateError)) throw error;
        }
      };
      look();
      // For each moment, `look` runs twice. In the second run the link is there from the start.
      const isReached = (moment: number): boolean => swapAt(moment, at.swap, look) > moment;
      for (let moment = 0; isReached(moment) && isReached(moment); moment++);
      expect(described).toBeGreaterThan(0);
    });
  });
}
