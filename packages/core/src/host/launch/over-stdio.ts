/**
 * The launcher for wrappers, such as ssh or a container engine, that pass on only standard input and output.
 */

import type { Readable, Writable } from 'node:stream';
import { expect, expectKeys, isListOf } from '../../base/expect.ts';
import { envNames } from '../../handshake/env.ts';
import { tellReplacement } from './launch-hints.ts';
import { handOver, spawnWithPipes, type LaunchCommand, type Launcher } from './spawn.ts';

/** Options of {@link overStdio}. */
export interface OverStdioOptions {
  /**
   * Returns the command that starts the plugin through a wrapper, for example a container engine or ssh. The
   * function receives the plugin's own command, with its environment variables. The variables in
   * `command.handshakeEnv` must reach the plugin. Default: the plugin's command.
   */
  readonly via?: (command: LaunchCommand) => readonly [file: string, ...args: string[]];
}

/**
 * Returns a launcher that uses the plugin's descriptors 0 and 1 for the protocol. Use this launcher for
 * wrappers that pass on no other descriptors. Output that the plugin's JavaScript prints goes to the synced
 * streams. Native code that writes to descriptor 1 breaks the session.
 *
 * @example
 * ```ts
 * import { Client, overStdio } from '@pipework/core';
 *
 * // In a container: the variables of the handshake go through the engine's command line.
 * const launcher = overStdio({
 *   via: ({ handshakeEnv, file, args }) => {
 *     const variables = Object.entries(handshakeEnv).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
 *     return ['docker', 'run', '-i', '--rm', ...variables, 'image', file, ...args];
 *   },
 * });
 * const client = new Client({ cmd: ['node', 'plugin.js'], launcher });
 * ```
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
      isListOf(words, (word) => typeof word === 'string') && (words as []).length > 0,
      'via',
      'a function that returns [file, ...args]',
      words,
    );
    const [file, ...args] = words as [string, ...string[]];
    if (via !== undefined) tellReplacement(given, [file, ...args]);
    const spawned = await spawnWithPipes({ ...command, file, args }, ['pipe', 'pipe', 'pipe']);
    const { stdin, stdout } = spawned.process;
    return handOver(spawned, stdout as Readable, stdin as Writable, command);
  };
}
