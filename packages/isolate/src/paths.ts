/** Resolves listed paths to their real paths. Refuses a path that would grant more than its name says. */

import { existsSync, readlinkSync, realpathSync } from 'node:fs';
import { isAbsolute, relative, resolve } from 'node:path';
import { IsolateError } from './errors.ts';

/** A file or directory. `given` is its listed path, and `real` the same path with all links resolved. */
export interface Place {
  readonly given: string;
  readonly real: string;
}

/**
 * Places that cannot be granted, because the sandbox creates them itself, or because they lead out of any
 * sandbox.
 */
const ownPlaces = ['/proc', '/sys', '/dev'];

/** True if `path` is `directory` or below it. Both must be absolute. */
export function isWithin(directory: string, path: string): boolean {
  const way = relative(directory, path);
  return way !== '..' && !way.startsWith('../') && !isAbsolute(way);
}

/**
 * Resolves the paths in `read` and `write`. If a path cannot be granted, throws `ISOLATE_PATH` with the
 * option and the path.
 */
export function resolvePlaces(
  read: readonly string[],
  write: readonly string[],
): { readonly read: readonly Place[]; readonly write: readonly Place[] } {
  const written = write.map((path, index) => resolvePlace(`write[${index}]`, path));
  const seen = read.map((path, index) => resolvePlace(`read[${index}]`, path));
  for (const [name, places] of Object.entries({ read: seen, write: written }))
    for (const [index, place] of places.entries()) refuseLinks(`${name}[${index}]`, place, written);
  // A writable place is readable too.
  return {
    read: seen.filter(({ real }) => !written.some((place) => isWithin(place.real, real))),
    write: written,
  };
}

function resolvePlace(name: string, given: string): Place {
  const real = realPath(given);
  if (real === undefined)
    throw new IsolateError(
      'ISOLATE_PATH',
      `${name}: there is no ${given}, or this host must not look there. A path must exist before the plugin starts`,
    );
  const own = ownPlaces.find((place) => isWithin(place, given) || isWithin(place, real));
  if (own !== undefined)
    throw new IsolateError(
      'ISOLATE_PATH',
      `${name}: ${given} is below ${own}, which shows other processes and devices and is never granted`,
    );
  return { given, real };
}

/**
 * Throws `ISOLATE_PATH` if the path of `place` has a link that the plugin could change. After such a change,
 * the plugin's next start would grant the link's new target.
 */
export function refuseLinks(name: string, place: Place, written: readonly Place[]): void {
  for (const link of linksOn(place.given)) {
    const directory = written.find(({ real }) => isWithin(real, link));
    if (directory === undefined) continue;
    throw new IsolateError(
      'ISOLATE_PATH',
      `${name}: ${place.given} is a link to ${place.real}, and lies where the plugin may write (${directory.given}), so that the plugin could choose what is granted: name ${place.real} itself`,
    );
  }
}

/** The maximum number of links that Linux follows. */
const maxLinks = 40;

/** Returns the links that the system follows from the root to `path`, each as a path without other links. */
function linksOn(path: string): string[] {
  const links: string[] = [];
  const names = path.split('/');
  let at = '/';
  for (let name = names.shift(); name !== undefined && links.length < maxLinks; name = names.shift()) {
    const next = resolve(at, name);
    const target = name === '' || name === '..' ? undefined : linkTarget(next);
    if (target === undefined) {
      at = next;
      continue;
    }
    links.push(next);
    names.unshift(...target.split('/'));
    if (isAbsolute(target)) at = '/';
  }
  return links;
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/**
 * Leaves out places inside a place of `shown`, because they need no mount. A running plugin could replace
 * such a place by a link, between the check of the path and the mount.
 */
export function withoutShown(places: readonly Place[], shown: readonly Place[]): Place[] {
  return places.filter(
    ({ given, real }) =>
      !shown.some(
        (place) =>
          place.real !== real &&
          isWithin(place.real, real) &&
          (isWithin(place.real, given) || isWithin(place.given, given)),
      ),
  );
}

/** Returns the real path; undefined if the path does not exist. */
export function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** Returns the places that exist, each once. */
export function existing(paths: readonly string[]): Place[] {
  return [...new Set(paths)].flatMap((given) => {
    const real = existsSync(given) ? realPath(given) : undefined;
    return real === undefined ? [] : [{ given, real }];
  });
}
