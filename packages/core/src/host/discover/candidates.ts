/** Reasons for which a file is no plugin to start. Each function returns a sentence, or undefined if it has no objection. */

import { constants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import { dirname, extname, isAbsolute, relative, sep } from 'node:path';

/** Whether there is a regular file. */
export async function whyNoFile(path: string): Promise<string | undefined> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) return 'it does not exist, or is a link to nothing';
  if (info.isDirectory()) return 'it is a directory';
  return info.isFile() ? undefined : 'it is not a regular file';
}

/** Whether this process may execute it. */
export async function whyNotExecutable(path: string): Promise<string | undefined> {
  if (process.platform === 'win32') {
    const extensions = (process.env['PATHEXT'] ?? '.COM;.EXE;.BAT;.CMD').toLowerCase().split(';');
    return extensions.includes(extname(path).toLowerCase())
      ? undefined
      : 'its extension is not one of PATHEXT';
  }
  return access(path, constants.X_OK).then(
    () => undefined,
    () => 'it is not executable by this process',
  );
}

/** Whether it is below `root`, by its path and by where its links lead. */
export async function whyOutside(root: string, path: string): Promise<string | undefined> {
  if (!isInside(root, path)) return `it is outside of ${root}`;
  const [realRoot, real] = await Promise.all([root, path].map((each) => realpath(each).catch(() => each)));
  return isInside(realRoot as string, real as string)
    ? undefined
    : `a link on its path leads out of ${root}, to ${real}`;
}

/** Whether `path` is `root` or below it, by the names alone. */
export function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** Bits of a mode: writable by the group, by others, and a directory whose files only their owners may replace. */
const groupWrites = 0o020;
const othersWrite = 0o002;
const sticky = 0o1000;

/**
 * Whether others than its owner and root may change the program or put another in its place: by writing to the file, to
 * its directory, or to one above that up to `root`. Windows has no such modes.
 */
export async function whyOthersMayWrite(path: string, root: string): Promise<string | undefined> {
  if (process.platform === 'win32') return undefined;
  const [file, top] = await Promise.all([path, root].map((each) => realpath(each)));
  if (file === undefined || top === undefined) return undefined;
  if (await mayOthersWrite(file)) return 'others than its owner and root can write to it';
  for (let directory = dirname(file); ; directory = dirname(directory)) {
    if (await mayOthersWrite(directory)) return `others than its owner and root can write to ${directory}`;
    if (!isInside(top, dirname(directory)) || dirname(directory) === directory) return undefined;
  }
}

async function mayOthersWrite(path: string): Promise<boolean> {
  const { mode, uid, gid } = await stat(path);
  if ((mode & sticky) !== 0) return false;
  // A group with its owner's number is the one that many systems make for each user alone, beside a umask of 002.
  const isPrivateGroup = uid === gid && uid !== 0;
  return (mode & othersWrite) !== 0 || ((mode & groupWrites) !== 0 && !isPrivateGroup);
}
