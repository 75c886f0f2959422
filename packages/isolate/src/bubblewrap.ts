/** Makes bubblewrap's arguments, which say what a sandbox may see and do. This file is pure. */

import { dirname } from 'node:path';
import { ancestors, isWithin, PlaceIndex, type Place } from './paths.ts';

/** What a sandbox shows. */
export interface View {
  readonly read: readonly Place[];
  readonly write: readonly Place[];
  /** Places that the sandbox shows as a link at their `given` path. Default none. */
  readonly linked?: readonly Place[];
  /** The working directory. In the sandbox, it is empty if no listed place contains it. */
  readonly cwd: string;
  readonly net: boolean;
  /**
   * Variables that bubblewrap sets for the plugin. They are not in bubblewrap's own environment, because
   * there they would make bubblewrap load code.
   */
  readonly variables?: Readonly<Record<string, string>>;
  /** Files of `/proc` that the sandbox must not read. */
  readonly masked: readonly string[];
  /** How many bytes each of `/tmp`, `/run` and `/dev/shm` may hold. Their files are in memory. */
  readonly scratchBytes: number;
}

/** The directories that a sandbox has for itself, with their files in memory. */
const scratchPlaces = ['/dev/shm', '/tmp', '/run'];

/**
 * Returns the directories whose files are in memory. Leaves out a directory if the sandbox shows the host's
 * directory in its place.
 */
export function privatePlaces({ read, write }: View): string[] {
  const shown = [...read, ...write].flatMap(({ given, real }) => [given, real]);
  return scratchPlaces.filter((path) => !shown.includes(path));
}

interface Mount {
  readonly path: string;
  readonly words: readonly string[];
}

/**
 * Returns the arguments before the command. Bubblewrap reads the filter of system calls from the descriptor
 * `filter`, and closes the descriptors in `unwanted`.
 */
export function bubblewrapArguments(view: View, filter: number, unwanted: readonly number[] = []): string[] {
  return [
    // With `--args`, bubblewrap reads arguments from a descriptor, and then closes it. These descriptors have
    // none.
    ...unwanted.flatMap((descriptor) => ['--args', String(descriptor)]),
    ...['--unshare-user', '--unshare-ipc', '--unshare-pid', '--unshare-uts', '--unshare-cgroup-try'],
    ...(view.net ? [] : ['--unshare-net']),
    // There is no `--new-session`, because the launcher already gives the plugin a session without a
    // terminal. With another session, the plugin would leave the process group by which the host can end the
    // whole sandbox at any moment. `--cap-drop` matters if the host is root, because the plugin must not have
    // the host's capabilities.
    ...['--die-with-parent', '--cap-drop', 'ALL'],
    ...mounts(view).flatMap(({ words }) => words),
    ...(isRoot(view.write) ? [] : ['--remount-ro', '/']),
    ...Object.entries(view.variables ?? {}).flatMap((entry) => ['--setenv', ...entry]),
    ...['--chdir', view.cwd, '--seccomp', String(filter), '--'],
  ];
}

/**
 * Returns the mounts, sorted by depth. A mount hides every earlier mount at the same place or below it. So
 * outer places come before inner ones. For the same place, the user's mount comes after the private one, and
 * a writable mount after a readable one.
 */
function mounts(view: View): Mount[] {
  const scratch = (path: string): Mount => ({
    path,
    words: ['--size', String(view.scratchBytes), '--tmpfs', path],
  });
  const own: Mount[] = [
    // If the host is root, the plugin's user owns the kernel's settings in /proc/sys, even without
    // capabilities. So /proc is read-only.
    { path: '/proc', words: ['--proc', '/proc', '--remount-ro', '/proc'] },
    // Process 1 is bubblewrap, which runs from a file of the host. If the host's user owns this file, the
    // plugin could change the file's mode through /proc/1/exe.
    { path: '/proc/1', words: ['--size', '4096', '--tmpfs', '/proc/1', '--remount-ro', '/proc/1'] },
    ...view.masked.map((path) => ({ path, words: ['--ro-bind', '/dev/null', path] })),
    { path: '/dev', words: ['--dev', '/dev', '--remount-ro', '/dev'] },
    ...scratchPlaces.map(scratch),
  ];
  const mounted = [...binds('--ro-bind', view.read), ...binds('--bind', view.write)];
  const shown = [...mounted, ...links(view.linked ?? [], mounted)];
  // A private place, such as /tmp, hides the host's files in that place, even if a directory above it is
  // listed.
  const isHidden = (path: string): boolean =>
    own.some((mount) => isWithin(path, mount.path) && path !== mount.path && isWithin(mount.path, view.cwd));
  const isShown = shown.some(({ path }) => isWithin(path, view.cwd) && !isHidden(path));
  const cwd = isShown ? [] : [{ path: view.cwd, words: ['--dir', view.cwd] }];
  return [...own, ...cwd, ...shown].sort((a, b) => depth(a.path) - depth(b.path));
}

/**
 * Shows each place under its real name. If the listed name is a link, shows the place under that name too,
 * unless a listed directory already shows the link.
 */
function binds(flag: string, places: readonly Place[]): Mount[] {
  const bind = (real: string, path: string): Mount => ({ path, words: [flag, real, path] });
  const index = new PlaceIndex(places);
  return places.flatMap(({ given, real }) => {
    const isLinkShown = given !== real && index.holding(given).some((place) => place.given !== given);
    return given === real || isLinkShown ? [bind(real, real)] : [bind(real, real), bind(real, given)];
  });
}

/** Makes a link for each place. Leaves out a link that a mount, or a link above it, already shows. */
function links(places: readonly Place[], mounted: readonly Mount[]): Mount[] {
  const targets = new Map(places.map(({ given, real }) => [given, real]));
  const shown = new Set([...mounted.map(({ path }) => path), ...targets.keys()]);
  return [...targets]
    .filter(([given]) => !ancestors(dirname(given)).some((path) => shown.has(path)))
    .map(([given, real]) => ({ path: given, words: ['--symlink', real, given] }));
}

const isRoot = (places: readonly Place[]): boolean => places.some(({ real }) => real === '/');

const depth = (path: string): number => path.split('/').filter(Boolean).length;
