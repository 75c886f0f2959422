/** How the globs of both searches list a directory. */

import { existsSync, readdir, type Dirent } from 'node:fs';
import { join } from 'node:path';

/** Lists a directory for the glob, which asks for entries with their types. */
export type List = (
  path: string,
  options: { withFileTypes: true },
  done: (error: NodeJS.ErrnoException | null, entries: Dirent[]) => void,
) => void;

/**
 * Lists a directory for the glob. The glob leaves out what is neither file nor directory, and links that lead nowhere.
 * Shown to it as files they are matched, and left out by the search with a reason.
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

/** Returns a listing that calls `ofOutside` for directories to which a link leads out, as `whyOutside` says, and lists all others. */
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
