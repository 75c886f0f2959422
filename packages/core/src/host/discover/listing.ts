/** Lists directories for the globs of both searches. */

import { existsSync, readdir, type Dirent } from 'node:fs';
import { join } from 'node:path';

/** A function that lists a directory for the glob, which asks for entries with their types. */
export type List = (
  path: string,
  options: { withFileTypes: true },
  done: (error: NodeJS.ErrnoException | null, entries: Dirent[]) => void,
) => void;

/**
 * Lists a directory for the glob. By itself, the glob skips broken links and entries that are neither file
 * nor directory. This function presents such entries to the glob as files. So they match, and the search then
 * leaves them out with a reason.
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
 * Returns a function that lists directories. If `whyOutside` gives a reason why a directory is outside of the
 * allowed place, the function calls `ofOutside` instead.
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
