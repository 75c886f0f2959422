/**
 * Checks whether a file can be started as a plugin. Each function named `why…` resolves to a sentence, or to
 * undefined if the function has no objection.
 */

import { constants } from 'node:fs';
import { access, readlink, realpath, stat } from 'node:fs/promises';
import { dirname, extname, isAbsolute, relative, resolve, sep } from 'node:path';

/** Returns why there is no regular file at this path. */
export async function whyNoFile(path: string): Promise<string | undefined> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) return 'it does not exist, or is a link to nothing';
  if (info.isDirectory()) return 'it is a directory';
  return info.isFile() ? undefined : 'it is not a regular file';
}

/** Returns why this process cannot execute the file. */
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

/** Returns why the file is outside `root`: its path leads out of `root`, or a link on its path does. */
export async function whyOutside(root: string, path: string): Promise<string | undefined> {
  if (!isInside(root, path)) return `it is outside of ${root}`;
  const [realRoot, real] = await Promise.all([root, path].map((each) => realpath(each).catch(() => each)));
  return isInside(realRoot as string, real as string)
    ? undefined
    : `a link on its path leads out of ${root}, to ${real}`;
}

/** True if `path` is `root` or is below `root`. Compares only the paths, and follows no links. */
export function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** Bits of a mode: writable by the group, writable by others, and sticky. */
const groupWrites = 0o020;
const othersWrite = 0o002;
const sticky = 0o1000;

/**
 * Returns why users other than the program's owner and root may change or replace the program. Checks the
 * file and every directory on its path, and follows links. Directories above `root` are not checked. On
 * Windows, nothing is checked, because files there have no modes.
 */
export async function whyOthersMayWrite(path: string, root: string): Promise<string | undefined> {
  if (process.platform === 'win32') return undefined;
  const top = await realpath(root);
  const places = await placesOnTheWay(path);
  for (const place of places) {
    const isAbove = [root, top].some((each) => each !== place && isInside(place, each));
    if (isAbove || !(await mayOthersWrite(place))) continue;
    const isFile = (await stat(place)).isFile();
    return `others than its owner and root can write to ${isFile ? 'it' : place}`;
  }
  return undefined;
}

/** Returns `path`, and every directory and link through which the file is found. */
async function placesOnTheWay(path: string): Promise<ReadonlySet<string>> {
  // The set grows while the loop runs.
  const places = new Set([path]);
  for (const place of places) {
    const parent = dirname(place);
    const target = await readlink(place).catch(() => undefined);
    if (target !== undefined) places.add(resolve(await realpath(parent), target));
    places.add(parent);
  }
  return places;
}

async function mayOthersWrite(path: string): Promise<boolean> {
  const info = await stat(path);
  // In a sticky directory, users can replace only their own files. On a file, the sticky bit has no effect.
  if (info.isDirectory() && (info.mode & sticky) !== 0) return false;
  const { mode, uid, gid } = info;
  // A group with the same number as the owner is the owner's private group. Many systems give each user a
  // private group, and make new files writable by the group (umask 002).
  const isPrivateGroup = uid === gid && uid !== 0;
  return (mode & othersWrite) !== 0 || ((mode & groupWrites) !== 0 && !isPrivateGroup);
}
