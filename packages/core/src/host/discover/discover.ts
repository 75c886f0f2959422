/** Finding plugins by a glob in a directory. */

import { existsSync, readdir, type Dirent } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, isText } from '../../base/expect.ts';
import { whyNoFile, whyNotExecutable, whyOutside, whyOthersMayWrite } from './candidates.ts';
import { checkDirectory, checkOptions, type DiscoverOptions } from './options.ts';

/**
 * The plugins that `pattern` matches in `dir` (default the working directory): absolute paths of regular, executable
 * files, sorted. On Windows, where no file is marked executable, its extension has to be one of PATHEXT. A file that
 * others than its owner and root may write to is left out. Rejects with `DISCOVER_UNREADABLE` if `dir` is no directory.
 *
 * @example
 * ```ts
 * import { Client, discover } from '@pipework/core';
 *
 * const files = await discover('myapp-plugin-*', '/usr/lib/myapp', { contained: true });
 * const clients = files.map((file) => new Client({ cmd: [file], managed: true }));
 * ```
 */
export async function discover(pattern: string, dir = '.', options: DiscoverOptions = {}): Promise<string[]> {
  expect(isText(pattern), 'the pattern of discover()', 'a text', pattern);
  checkOptions(options, ['onSkip', 'contained']);
  const { contained = false, onSkip } = options;
  const root = await checkDirectory(dir);
  const skip = (path: string, reason: string): void => onSkip?.(path, reason);
  const { glob } = await import('tinyglobby');
  const paths = await glob(pattern, {
    cwd: root,
    absolute: true,
    onlyFiles: false,
    expandDirectories: false,
    fs: { readdir: (contained ? listInside(root, skip) : listEverything) as typeof readdir },
  });
  const found: string[] = [];
  for (const path of paths.map((match) => resolve(match)).sort()) {
    const reason =
      (contained ? await whyOutside(root, path) : undefined) ??
      (await whyNoFile(path)) ??
      (await whyNotExecutable(path)) ??
      (await whyOthersMayWrite(path, root));
    if (reason === undefined) found.push(path);
    else skip(path, reason);
  }
  return found;
}

type List = (
  path: string,
  options: { withFileTypes: true },
  done: (error: NodeJS.ErrnoException | null, entries: Dirent[]) => void,
) => void;

/** Lists directories inside `root`, and none outside: a link may lead to all of the file system. */
function listInside(root: string, skip: (path: string, reason: string) => void): List {
  return (path, options, done) => {
    const directory = resolve(path);
    whyOutside(root, directory).then(
      (reason) => {
        if (reason === undefined) return listEverything(path, options, done);
        skip(directory, reason);
        done(null, []);
      },
      () => done(null, []),
    );
  };
}

/**
 * Lists a directory for the glob. The glob leaves out what is neither file nor directory, and links that lead nowhere.
 * Shown to it as files they are matched, and left out above with a reason.
 */
const listEverything: List = (path, options, done) => {
  readdir(path, options, (error, entries) => {
    for (const entry of entries ?? []) {
      const leads =
        entry.isFile() ||
        entry.isDirectory() ||
        (entry.isSymbolicLink() && existsSync(join(path, entry.name)));
      if (!leads) Object.assign(entry, { isFile: () => true, isSymbolicLink: () => false });
    }
    done(error, entries);
  });
};
