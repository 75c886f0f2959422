/** Resolves listed paths to their real paths. Refuses a path that would grant more than its name says. */

import { lstatSync, readlinkSync } from 'node:fs';
import { dirname, isAbsolute, join, parse, relative, sep } from 'node:path';
import { IsolateError } from './errors.ts';

/** A file or directory. `given` is its listed path, and `real` the same path with all links resolved. */
export interface Place {
  readonly given: string;
  readonly real: string;
}

/** A place, with the links and directories on which its real path depends. */
export interface TracedPlace extends Place {
  /**
   * The links on the way to the place, each as a path without other links, and the directories that these
   * links leave by `..`. If one of them changes, the same path leads to another place.
   */
  readonly turns: readonly string[];
}

/** Finds the places that contain a path. The time depends on the path's depth, not on the number of places. */
export class PlaceIndex {
  readonly #byReal = new Map<string, Place[]>();

  constructor(places: readonly Place[]) {
    for (const place of places) {
      const key = keyOf(place.real);
      const same = this.#byReal.get(key);
      if (same === undefined) this.#byReal.set(key, [place]);
      else same.push(place);
    }
  }

  /** Returns the places that are `path` or a directory above it. The outermost place is the last. */
  holding(path: string): Place[] {
    return ancestors(path).flatMap((one) => this.#byReal.get(keyOf(one)) ?? []);
  }

  /** Returns the outermost of the places that are `path` or a directory above it. */
  outermost(path: string): Place | undefined {
    return this.holding(path).at(-1);
  }
}

/** Windows ignores the case of a path. */
const keyOf = (path: string): string => (sep === '/' ? path : path.toLowerCase());

/** Returns `path` and the directories above it, at most `most` of them. If all fit, the root is the last. */
export function ancestors(path: string, most: number = Infinity): string[] {
  const all = [path];
  for (let at = path; all.length < most && dirname(at) !== at; at = dirname(at)) all.push(dirname(at));
  return all;
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
 * Returns the place that is never granted and contains one of the absolute `paths`; undefined if there is
 * none.
 */
export function neverGranted(...paths: readonly string[]): string | undefined {
  return ownPlaces.find((place) => paths.some((path) => isWithin(place, path)));
}

/** The resolved places of a policy. */
export interface Places {
  readonly read: readonly Place[];
  readonly write: readonly Place[];
  /** An index of the places in `write`. */
  readonly written: PlaceIndex;
}

/**
 * Resolves the paths in `read` and `write`. If a path cannot be granted, throws `ISOLATE_PATH` with the
 * option and the path.
 */
export function resolvePlaces(read: readonly string[], write: readonly string[]): Places {
  const changed = write.map((path, index) => resolvePlace(`write[${index}]`, path));
  const seen = read.map((path, index) => resolvePlace(`read[${index}]`, path));
  const written = new PlaceIndex(changed);
  for (const [name, places] of Object.entries({ read: seen, write: changed }))
    for (const [index, place] of places.entries()) refuseLinks(`${name}[${index}]`, place, written);
  // A writable place is readable too.
  return { read: seen.filter(({ real }) => written.outermost(real) === undefined), write: changed, written };
}

function resolvePlace(name: string, given: string): TracedPlace {
  const place = trace(given);
  if (place === undefined)
    throw new IsolateError(
      'ISOLATE_PATH',
      `${name}: there is no ${given}, or this host must not look there. A path must exist before the plugin starts`,
    );
  const own = neverGranted(given, place.real);
  if (own !== undefined)
    throw new IsolateError(
      'ISOLATE_PATH',
      `${name}: ${given} is below ${own}, which shows other processes and devices and is never granted`,
    );
  return place;
}

/**
 * Throws `ISOLATE_PATH` if the path of `place` has a link that the plugin could change. After such a change,
 * the plugin's next start would grant the link's new target. `canChange` decides whether the plugin could
 * change a link below the directory `top`, where it may write.
 */
export function refuseLinks(
  name: string,
  place: TracedPlace,
  written: PlaceIndex,
  canChange: (link: string, top: string) => boolean = () => true,
): void {
  for (const link of place.turns) {
    const directory = written.outermost(link);
    // The plugin may write in the directory, but cannot replace the directory itself.
    if (directory === undefined || directory.real === link || !canChange(link, directory.real)) continue;
    throw new IsolateError(
      'ISOLATE_PATH',
      `${name}: ${place.given} is a link to ${place.real}, and lies where the plugin may write (${directory.given}), so that the plugin could choose what is granted: name ${place.real} itself`,
    );
  }
}

/** The maximum number of links that Linux follows. */
const maxLinks = 40;

/**
 * Resolves a path in one walk from the root. Returns undefined if the path is relative or does not exist, or
 * if this host must not look there.
 *
 * A running plugin can make the path lead elsewhere only through a place where it may write. One of the links
 * in `turns`, or the real path, must be in this place.
 */
export function trace(given: string): TracedPlace | undefined {
  const turns: string[] = [];
  let { names, root: real } = split(given);
  let links = 0;
  if (real === '') return undefined;
  try {
    for (let name = names.shift(); name !== undefined; name = names.shift()) {
      const next = join(real, name);
      if (name === '..') turns.push(real);
      else if (next !== real && lstatSync(next).isSymbolicLink()) {
        links += 1;
        if (links > maxLinks) return undefined;
        turns.push(next);
        const target = split(readlinkSync(next));
        names = [...target.names, ...names];
        if (target.root !== '') real = target.root;
        continue;
      }
      real = next;
    }
    return { given, real, turns };
  } catch {
    return undefined;
  }
}

/** Splits a path into its root, which is empty for a relative path, and its names. */
function split(path: string): { readonly root: string; readonly names: string[] } {
  const { root } = parse(path);
  return { root, names: path.slice(root.length).split(sep === '/' ? '/' : /[\\/]/) };
}

/** Resolves paths, each once. Leaves out those that do not exist. */
export function traceAll(paths: readonly string[]): TracedPlace[] {
  return [...new Set(paths)].map(trace).filter((place) => place !== undefined);
}

/** How a sandbox shows places. */
export interface Shown {
  /** The places to mount. */
  readonly mounted: readonly Place[];
  /** The places to show by a link at `given`, because the place itself is a part of a writable place. */
  readonly linked: readonly Place[];
}

/**
 * Decides how to show `places`. A place inside a writable place is not mounted, because the writable place
 * shows it already. A running plugin could also replace the inner place by a link, between the check of the
 * path and the mount.
 */
export function howToShow(places: readonly Place[], written: PlaceIndex): Shown {
  const mounted: Place[] = [];
  const linked: Place[] = [];
  for (const place of places) {
    const outer = written.holding(place.real).filter(({ real }) => real !== place.real);
    if (outer.length === 0) mounted.push(place);
    else if (!outer.some(({ given, real }) => isWithin(real, place.given) || isWithin(given, place.given)))
      linked.push(place);
  }
  return { mounted, linked };
}
