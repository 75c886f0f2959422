/**
 * Finds the programs that this package runs with the host's rights, outside of any sandbox. Refuses a program
 * that the plugin could replace, before the program is run for the first time.
 */

import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { IsolateError } from './errors.ts';
import { PlaceIndex, refuseLinks, trace, traceAll, type Places, type TracedPlace } from './paths.ts';
import { findOnPath, findProgram } from './program.ts';
import { howToInstall, loaderPlaces } from './system.ts';

/** The file of a tool that can be used, or the reason why the tool cannot be used, with a remedy. */
export type Found = { readonly file: string } | { readonly missing: string };

/** The shell that runs the scripts of this package. */
const shell = '/bin/sh';

/**
 * Finds a program that will run outside of any sandbox. Programs on the PATH that any user of the machine may
 * change or replace are left out. Throws `ISOLATE_PATH` if the plugin could replace the program, or a program
 * that its `#!` line names.
 */
export function findHelper(name: string, title: string, packageName: string, written: PlaceIndex): Found {
  const [cwd, path] = [process.cwd(), process.env['PATH']];
  const isPath = name.includes('/');
  const file = findOnPath(name, cwd, path, (one) => isPath || !isOpenToAll(one));
  const place = file.startsWith('/') ? trace(file) : undefined;
  if (place !== undefined) {
    refuseReplaceable(place, written);
    const { file: interpreter, through } = findProgram({ file: place.real, args: [], cwd, path });
    for (const one of traceAll([...through, interpreter])) refuseReplaceable(one, written);
    return { file: withoutLinks(place) };
  }
  const open = findOnPath(name, cwd, path);
  const where =
    open.startsWith('/') && !isPath ? `only in ${dirname(open)}, which any user may write to` : '';
  const absent = isPath ? 'not there' : "not on the host's PATH";
  return { missing: `${title} is ${where === '' ? absent : where}. ${howToInstall(packageName)}` };
}

function isOpenToAll(file: string): boolean {
  const real = realpathSync(file);
  return [dirname(file), dirname(real), real].some((place) => (statSync(place).mode & 0o002) !== 0);
}

/** Returns the shell; undefined if there is none. Throws `ISOLATE_PATH` if the plugin could replace it. */
export function findShell(written: PlaceIndex): string | undefined {
  const place = trace(shell);
  if (place === undefined) return undefined;
  refuseReplaceable(place, written);
  return withoutLinks(place);
}

/**
 * Returns the real path of a program. If a link with another name leads to the program, returns the link,
 * because the name decides what a program such as busybox does.
 */
function withoutLinks({ given, real }: TracedPlace): string {
  return basename(real) === basename(given) ? real : given;
}

/**
 * Throws `ISOLATE_PATH` if the plugin could replace the file at `place` before the plugin's next start. The
 * file at `place` runs, or is loaded, outside of the sandbox.
 */
export function refuseReplaceable(place: TracedPlace, written: PlaceIndex): void {
  const directory = written.outermost(place.real);
  if (directory !== undefined && isReplaceable(place.real, directory.real)) {
    throw new IsolateError(
      'ISOLATE_PATH',
      `write: ${place.given} lies where the plugin may write (${directory.given}), so that the plugin could replace a program or library that isolates it`,
    );
  }
  refuseLinks('write', place, written, isLinkReplaceable);
}

/**
 * Throws `ISOLATE_PATH` if the plugin could change a library that programs outside of the sandbox load, or the
 * files that tell the loader what to load. A place inside of a directory of libraries is never granted, because
 * the loader may look there for a library that does not exist yet.
 */
export function refuseLibraries({ write, written }: Places): void {
  const loaded = traceAll(loaderPlaces);
  const index = new PlaceIndex(loaded);
  for (const { given, real } of write) {
    const library = index.outermost(real);
    if (library === undefined) continue;
    throw new IsolateError(
      'ISOLATE_PATH',
      `write: ${given} belongs to ${library.given}, which programs outside of the sandbox use to load libraries, and is never granted`,
    );
  }
  // If a file of the loader does not exist, the plugin could make it in /etc, so /etc is checked too.
  for (const place of [...traceAll(['/etc']), ...loaded]) refuseReplaceable(place, written);
}

/** True if this user may change `file`, or one of the directories between `top` and the file. */
function isReplaceable(file: string, top: string): boolean {
  return mayChange(file) || (file !== top && file !== '/' && isReplaceable(dirname(file), top));
}

/** True if this user may write to `file`, or owns it and could therefore allow itself to write. */
function mayChange(file: string): boolean {
  try {
    accessSync(file, constants.W_OK);
    return true;
  } catch (error) {
    // On a read-only file system, the owner cannot change a mode.
    return (error as NodeJS.ErrnoException).code === 'EACCES' && statSync(file).uid === process.getuid?.();
  }
}

/**
 * True if this user may change the directory of `link`, or one of the directories between `top` and that
 * directory.
 */
export function isLinkReplaceable(link: string, top: string): boolean {
  return isReplaceable(dirname(link), top);
}
