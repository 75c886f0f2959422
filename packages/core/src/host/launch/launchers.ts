/** Launchers beside the ordinary one: a sandbox, and the form for programs that pass on nothing but standard input and output. */

import type { Readable, Writable } from 'node:stream';
import { expect, expectKeys, isText } from '../../base/expect.ts';
import { envNames } from '../../handshake/env.ts';
import { handOver, spawnLauncher, spawnWithPipes, type LaunchCommand, type Launcher } from './spawn.ts';

/** What a sandboxed plugin may see. */
export interface BubblewrapOptions {
  /** The program. Default `bwrap`, from PATH. */
  readonly bwrap?: string;
  /** Files and directories that it may read. Default the whole file system but `/tmp`, of which it sees what is named here. */
  readonly readable?: readonly string[];
  /** Files and directories that it may change. Default none; `/tmp` is empty, its own, and gone with it. */
  readonly writable?: readonly string[];
  /** Whether it may use the network. Default `false`. */
  readonly network?: boolean;
  /** Further arguments of bwrap, before the command. */
  readonly args?: readonly string[];
}

/**
 * Runs the plugin in a bubblewrap sandbox (Linux): no network, own process ids, a read-only file system, the two pipes.
 * `client.pid` is then bwrap's. With `--die-with-parent` nothing survives the host, nor bwrap itself: a SIGTERM of the
 * ladder ends bwrap, and the kernel the plugin, without another word; Quit and the pipe's end are as polite as ever.
 */
export function bubblewrap(options: BubblewrapOptions = {}): Launcher {
  expectKeys('options', options, ['bwrap', 'readable', 'writable', 'network', 'args']);
  const { bwrap = 'bwrap', readable = ['/'], writable = [], network = false, args = [] } = options;
  expect(isText(bwrap), 'bwrap', 'the program', bwrap);
  expect(typeof network === 'boolean', 'network', 'true or false', network);
  for (const [name, list] of Object.entries({ readable, writable, args }))
    expect(Array.isArray(list) && list.every(isText), name, 'a list of texts', list);
  return (command) =>
    spawnLauncher({
      ...command,
      file: bwrap,
      args: [
        '--die-with-parent',
        '--new-session',
        '--unshare-pid',
        '--unshare-ipc',
        ...(network ? [] : ['--unshare-net']),
        // A mount hides what was mounted below its place before: what is asked for in /tmp comes behind the empty one.
        ...readable.filter((path) => !isTemporary(path)).flatMap(readOnly),
        ...['--dev', '/dev', '--proc', '/proc', '--tmpfs', '/tmp'],
        ...readable.filter(isTemporary).flatMap(readOnly),
        ...writable.flatMap((path) => ['--bind', path, path]),
        ...['--chdir', command.cwd ?? process.cwd()],
        ...args,
        '--',
        command.file,
        ...command.args,
      ],
    });
}

const readOnly = (path: string): string[] => ['--ro-bind', path, path];
const isTemporary = (path: string): boolean => /^\/tmp(\/|$)/.test(path);

/** How the protocol reaches a plugin through standard input and output. */
export interface OverStdioOptions {
  /**
   * What to run to have the plugin run: a container engine, ssh. It gets the command with its variables; of these,
   * `command.handshakeEnv` must reach the plugin. Default: the command itself.
   */
  readonly via?: (command: LaunchCommand) => readonly [file: string, ...args: string[]];
}

/**
 * Speaks the protocol over the plugin's descriptors 0 and 1, for launchers that pass on no others. What the plugin's
 * JavaScript prints goes to the synced streams as ever; native code that writes to descriptor 1 breaks the session.
 *
 * @example
 * overStdio({
 *   via: ({ handshakeEnv, file, args }) => [
 *     'docker', 'run', '-i', '--rm', ...Object.entries(handshakeEnv).flatMap(([k, v]) => ['-e', `${k}=${v}`]), 'image', file, ...args,
 *   ],
 * })
 */
export function overStdio(options: OverStdioOptions = {}): Launcher {
  expectKeys('options', options, ['via']);
  const { via } = options;
  expect(via === undefined || typeof via === 'function', 'via', 'a function', via);
  return async (given) => {
    const isFree = typeof given.stdin === 'string';
    expect(isFree, 'stdin', 'left out with overStdio(): descriptor 0 carries the protocol');
    const fds = { [envNames.fds]: '0,1' };
    const command: LaunchCommand = {
      ...given,
      env: { ...given.env, ...fds },
      handshakeEnv: { ...given.handshakeEnv, ...fds },
    };
    const words: unknown = via === undefined ? [command.file, ...command.args] : via(command);
    expect(
      Array.isArray(words) && words.length > 0 && words.every((word) => typeof word === 'string'),
      'via',
      'a function that returns [file, ...args]',
      words,
    );
    const [file, ...args] = words as [string, ...string[]];
    const spawned = await spawnWithPipes({ ...command, file, args }, ['pipe', 'pipe', 'pipe']);
    const { stdin, stdout } = spawned.process;
    return handOver(spawned, stdout as Readable, stdin as Writable, command);
  };
}
