/** Finds plugins by a glob in a directory. */

import type { readdir } from 'node:fs';
import { resolve } from 'node:path';
import { expect, isText } from '../../base/expect.ts';
import { whyNoFile, whyNotExecutable, whyOutside, whyOthersMayWrite } from './candidates.ts';
import { listEverything, listUnlessOutside } from './listing.ts';
import { checkDirectory, checkOptions, skipper, type DiscoverOptions } from './options.ts';
import { whyTooComplex } from './patterns.ts';

/**
 * Resolves to the plugins that `pattern` matches in `dir` (default the working directory). Each plugin is the
 * absolute path of a regular, executable file. The paths are sorted. Windows does not mark files as
 * executable; there, the extension must be one of PATHEXT. A file is left out if users other than its owner
 * and root may write to it. Rejects with `DISCOVER_UNREADABLE` if `dir` is not a directory.
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
  const tooComplex = whyTooComplex(pattern);
  expect(tooComplex === undefined, 'the pattern of discover()', `simpler: ${tooComplex}`, pattern);
  checkOptions(options, ['onSkip', 'contained']);
  const { contained = false } = options;
  const root = await checkDirectory(dir);
  const skip = skipper(options);
  // With `contained`, directories outside `root` are not listed, because a link may lead to the whole file
  // system.
  const listInside = listUnlessOutside(
    (path) => whyOutside(root, resolve(path)),
    (reason, path, _options, done) => {
      skip(resolve(path), reason);
      done(null, []);
    },
  );
  const { glob } = await import('tinyglobby');
  const paths = await glob(pattern, {
    cwd: root,
    absolute: true,
    onlyFiles: false,
    expandDirectories: false,
    fs: { readdir: (contained ? listInside : listEverything) as typeof readdir },
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
