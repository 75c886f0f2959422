/** Lists directories for the globs of `discover()` and `discoverPackages()`. */

import { existsSync, readdir, type Dirent } from 'node:fs';
import { join } from 'node:path';

/** A replacement for `fs.readdir` in a glob. The glob always asks for entries with their types. */
export type List = (
  path: string,
  options: { withFileTypes: true },
  done: (error: NodeJS.ErrnoException | null, entries: Dirent[]) => void,
) => void;

/**
 * Lists a directory for the glob. The glob itself would skip broken links and entries that are neither file
 * nor directory. This function presents these entries as files, so that they can match. The search then
 * reports them to `onSkip` with a reason.
 */
export const listEverything: List = (path, options, done) => {
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

/**
 * Returns a function that lists directories. If `whyOutside` resolves to a reason for a directory, the
 * function calls `ofOutside` instead.
 */
export function listUnlessOutside(
  whyOutside: (path: string) => Promise<string | undefined>,
  ofOutside: (reason: string, ...list: Parameters<List>) => void,
): List {
  return (path, options, done) => {
    whyOutside(path).then(
      (reason) =>
        reason === undefined ? listEverything(path, options, done) : ofOutside(reason, path, options, done),
      () => done(null, []),
    );
  };
}
