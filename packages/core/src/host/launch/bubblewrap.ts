/** A launcher that runs the plugin in a bubblewrap sandbox. */

import { existsSync, fstatSync, realpathSync } from 'node:fs';
import { isAbsolute, relative, resolve } from 'node:path';
import { expect, expectKeys, isListOf, isText } from '../../base/expect.ts';
import { printable } from '../../base/printable.ts';
import { giveHint } from './launch-hints.ts';
import { spawnLauncher, type LaunchCommand, type Launcher } from './spawn.ts';

/** Options of {@link bubblewrap}: the parts of the system that the plugin may use. */
export interface BubblewrapOptions {
  /** The program. Default `bwrap`, from PATH. */
  readonly bwrap?: string;
  /**
   * Files and directories that the plugin may read. Default: the whole file system except `/tmp` and `/run`.
   * In `/tmp` and `/run` the plugin sees only the paths that are listed here or in `writable`.
   */
  readonly readable?: readonly string[];
  /**
   * Files and directories that the plugin may change. Default none. The plugin also gets an empty `/tmp`,
   * which is removed when the plugin ends.
   */
  readonly writable?: readonly string[];
  /** Whether the plugin may use the network. Default `false`. */
  readonly network?: boolean;
  /** Further arguments of bwrap, before the command. */
  readonly args?: readonly string[];
}

/**
 * Directories that the sandbox hides. `/run` has the sockets through which programs control services such as
 * Docker and D-Bus.
 */
const hiddenPlaces = ['/tmp', '/run'];

/** Paths to which `/etc/resolv.conf` is often a link. */
const resolverPlaces = ['/run/systemd/resolve', '/run/resolvconf', '/run/NetworkManager'];

/**
 * Returns a launcher that runs the plugin in a bubblewrap sandbox (Linux). The plugin has a separate process
 * id namespace, a read-only file system and the two pipes, but no network and no capabilities. If the host
 * runs as root, the plugin is root without capabilities. Such a plugin can read and change only files that
 * root owns or that everyone may use. `args: ['--cap-add', …]` gives a capability back. `client.pid` is the
 * process id of bwrap. bwrap runs with `--die-with-parent`, so the plugin ends when the host or bwrap ends.
 * `kill()` sends its signals to bwrap. So if `kill()` sends SIGTERM, bwrap and the plugin end immediately.
 * After Quit, and after the end of its pipe, the plugin has the usual time to end. If `stdin` is `'inherit'`
 * and the host's standard input is a file, the plugin may be able to write to that file. If the host's
 * standard input is a directory, the plugin gets an empty input instead.
 *
 * Throws `CONFIG_INVALID` if an option is invalid. If there is no `bwrap`, the start rejects with
 * `PLUGIN_NOT_STARTED`. If `bwrap` refuses to run, the start rejects with `HANDSHAKE_EXITED` and bwrap's
 * message.
 *
 * @example
 * ```ts
 * import { bubblewrap, Client } from '@pipework/core';
 *
 * const launcher = bubblewrap({ readable: ['/usr', '/lib', '/lib64', '/app'], writable: ['/app/cache'] });
 * await using client = new Client({ cmd: ['/usr/bin/node', '/app/plugin.js'], launcher });
 * ```
 */
export function bubblewrap(options: BubblewrapOptions = {}): Launcher {
  expectKeys('options', options, ['bwrap', 'readable', 'writable', 'network', 'args']);
  const { bwrap = 'bwrap', readable = ['/'], writable = [], network = false, args = [] } = options;
  expect(isText(bwrap), 'bwrap', 'the program', bwrap);
  expect(typeof network === 'boolean', 'network', 'true or false', network);
  for (const [name, list] of Object.entries({ readable, writable, args }))
    expect(isListOf(list, isText), name, 'a list of texts', list);
  const shown = readable.map((path) => resolve(path));
  const changed = writable.map((path) => resolve(path));
  const launcher: Launcher = (command) =>
    spawnLauncher({
      ...command,
      file: bwrap,
      stdin: command.stdin === 'inherit' && isDirectory(0) ? 'ignore' : command.stdin,
      args: [
        '--die-with-parent',
        '--new-session',
        // With the capabilities of a root host, a plugin could remount the file system as writable.
        ...['--cap-drop', 'ALL'],
        '--unshare-pid',
        '--unshare-ipc',
        ...(network ? [] : ['--unshare-net']),
        ...mountArguments(shown, changed, network),
        ...['--chdir', resolve(command.cwd ?? '.')],
        ...args,
        '--',
        command.file,
        ...command.args,
      ],
    });
  return giveHint(launcher, (command) => hiddenNotes(command, [...shown, ...changed]));
}

/**
 * True if the descriptor is a directory. A directory as standard input would show the plugin the directories
 * outside of the sandbox, through `/proc/self/fd/0/..`.
 */
function isDirectory(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isDirectory();
  } catch {
    return false;
  }
}

/**
 * Returns the mounts, sorted by depth. A mount hides all earlier mounts below its path, so a user's path in
 * `/tmp` must follow the empty `/tmp`. If a path is mounted twice, the writable mount comes last.
 */
function mountArguments(
  readable: readonly string[],
  writable: readonly string[],
  network: boolean,
): readonly string[] {
  const readOnly = (flag: string) => (path: string) => ({ path, words: [flag, path, path] });
  const mounts = [
    { path: '/dev', words: ['--dev', '/dev'] },
    // A plugin that runs as root could change the kernel's settings in /proc/sys even without capabilities,
    // because root owns them. So /proc is read-only.
    { path: '/proc', words: ['--proc', '/proc', '--remount-ro', '/proc'] },
    ...hiddenPlaces.filter((path) => existsSync(path)).map((path) => ({ path, words: ['--tmpfs', path] })),
    ...(network ? resolverPlaces.map(readOnly('--ro-bind-try')) : []),
    ...readable.map(readOnly('--ro-bind')),
    ...writable.map((path) => ({ path, words: ['--bind', path, path] })),
  ];
  const depth = (path: string): number => path.split('/').filter(Boolean).length;
  return mounts.sort((a, b) => depth(a.path) - depth(b.path)).flatMap(({ words }) => words);
}

/** Returns notes on those files and directories of the command that are hidden by the sandbox. */
function hiddenNotes(command: LaunchCommand, visible: readonly string[]): string[] {
  const cwd = resolve(command.cwd ?? process.cwd());
  // An option may contain a path: `--import=/tmp/x.mjs`.
  const words = [command.file, ...command.args].map((word) => word.replace(/^-[^=]*=/, ''));
  const named = words.filter((word) => word.includes('/') && !word.startsWith('-'));
  const paths = named.map((word) => resolve(cwd, word)).filter((path) => existsSync(path));
  // A visible link may lead to a hidden file.
  const files = paths.flatMap((path) => [path, realpathSync(path)]);
  return [...new Set([cwd, ...files])].flatMap((path) => {
    const place = hiddenPlaces.find((hidden) => isBelow(hidden, path));
    const isVisible = visible.some(
      (shown) => isBelow(shown, path) && (place === undefined || isBelow(place, shown)),
    );
    if (isVisible) return [];
    const why =
      place === undefined ? 'is not in the sandbox' : `is below ${place}, of which the sandbox shows nothing`;
    return [`${printable(path)} ${why}: name it, or a directory above it, in bubblewrap({ readable })`];
  });
}

function isBelow(directory: string, path: string): boolean {
  const way = relative(directory, path);
  return way !== '..' && !way.startsWith('../') && !isAbsolute(way);
}
