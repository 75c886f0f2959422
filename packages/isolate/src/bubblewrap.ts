/** From what may be seen and done to bubblewrap's arguments. Pure. */

import { isWithin, type Place } from './paths.ts';

/** What a sandbox shows. */
export interface View {
  readonly read: readonly Place[];
  readonly write: readonly Place[];
  /** The working directory. If nothing shows it, it is there and empty. */
  readonly cwd: string;
  readonly net: boolean;
  /** Variables that bubblewrap itself must not have. */
  readonly variables?: Readonly<Record<string, string>>;
  /** What `/tmp`, `/run` and `/dev/shm` may hold, in bytes each: they are memory. */
  readonly scratchBytes: number;
}

interface Mount {
  readonly path: string;
  readonly words: readonly string[];
}

/** The arguments before the command. `filter` is the descriptor of the filter of system calls, `unwanted` are those that are closed. */
export function bubblewrapArguments(view: View, filter: number, unwanted: readonly number[] = []): string[] {
  return [
    // An empty list of arguments is read from each, and then bubblewrap closes it.
    ...unwanted.flatMap((descriptor) => ['--args', String(descriptor)]),
    ...['--unshare-user', '--unshare-ipc', '--unshare-pid', '--unshare-uts', '--unshare-cgroup-try'],
    ...(view.net ? [] : ['--unshare-net']),
    // A session of its own, or it could type into the terminal. A host that is root has capabilities to lose.
    ...['--die-with-parent', '--new-session', '--cap-drop', 'ALL'],
    ...mounts(view).flatMap(({ words }) => words),
    ...(isRoot(view.write) ? [] : ['--remount-ro', '/']),
    ...Object.entries(view.variables ?? {}).flatMap((entry) => ['--setenv', ...entry]),
    ...['--chdir', view.cwd, '--seccomp', String(filter), '--'],
  ];
}

/**
 * A mount hides what was mounted below its place before, so they are sorted by depth. At one place the last wins: what the user lists
 * comes behind what is private, what may be written behind what may be read.
 */
function mounts(view: View): Mount[] {
  const scratch = (path: string): Mount => ({
    path,
    words: ['--size', String(view.scratchBytes), '--tmpfs', path],
  });
  const own: Mount[] = [
    // A user who is root outside owns the settings of the kernel in /proc/sys, whatever it may do here.
    { path: '/proc', words: ['--proc', '/proc', '--remount-ro', '/proc'] },
    { path: '/dev', words: ['--dev', '/dev', '--remount-ro', '/dev'] },
    ...['/dev/shm', '/tmp', '/run'].map(scratch),
  ];
  const shown = [...binds('--ro-bind', view.read), ...binds('--bind', view.write)];
  // What is private hides what lies below it in an outer place.
  const isHidden = (path: string): boolean =>
    own.some((mount) => isWithin(path, mount.path) && path !== mount.path && isWithin(mount.path, view.cwd));
  const isShown = shown.some(({ path }) => isWithin(path, view.cwd) && !isHidden(path));
  const cwd = isShown ? [] : [{ path: view.cwd, words: ['--dir', view.cwd] }];
  return [...own, ...cwd, ...shown].sort((a, b) => depth(a.path) - depth(b.path));
}

/** A place is shown under its real name, and under the listed one unless a directory that is shown has that link already. */
function binds(flag: string, places: readonly Place[]): Mount[] {
  const bind = (real: string, path: string): Mount => ({ path, words: [flag, real, path] });
  return places.flatMap(({ given, real }) => {
    const isLinkShown = places.some((place) => place.given !== given && isWithin(place.real, given));
    return given === real || isLinkShown ? [bind(real, real)] : [bind(real, real), bind(real, given)];
  });
}

const isRoot = (places: readonly Place[]): boolean => places.some(({ real }) => real === '/');

const depth = (path: string): number => path.split('/').filter(Boolean).length;
