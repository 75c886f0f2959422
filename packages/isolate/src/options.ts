/** Checks the options of a user, and fills in the defaults. This file is pure. */

import { resolve } from 'node:path';
import { inspect } from 'node:util';
import { isListOf, PipeworkError } from '@pipework/core';

/** Limits on the resources of a plugin. An absent option sets no limit. */
export interface Resources {
  /**
   * Resident memory in bytes, of the plugin and of all processes that it has started, with the memory that
   * the kernel needs for their page tables and threads. If they use more, a watch ends the plugin. In a Node
   * plugin, the limit also makes V8 collect garbage earlier. If systemd makes a control group, the group
   * enforces the limit too.
   */
  readonly memoryBytes?: number;
  /** The processor time that each process may use, in whole seconds. */
  readonly cpuSeconds?: number;
  /** How many descriptors each process may have open. */
  readonly openFiles?: number;
  /** The largest file that may be written, in bytes. */
  readonly fileBytes?: number;
}

/** What a plugin may do. Everything that is not listed is denied. */
export interface IsolateOptions {
  /**
   * Files and directories that the plugin may read, with everything below them. The plugin's program, its
   * script and the system's libraries are added. Default none.
   */
  readonly read?: readonly string[];
  /** Files and directories that the plugin may change and read. They must exist. Default none. */
  readonly write?: readonly string[];
  /** Whether the plugin may start processes. Default `false`. */
  readonly run?: boolean;
  /** Whether the plugin may use sockets. Default `false`. */
  readonly net?: boolean;
  /**
   * Names of the environment variables that the plugin gets, if the client would pass them. The variables of
   * the handshake are always passed. Default none.
   */
  readonly env?: readonly string[];
  /** How much memory, processor time, descriptors and file size the plugin may use. Default: no limit. */
  readonly resources?: Resources;
  /**
   * The weakest isolation to accept. `'kernel'` accepts only isolation that the kernel enforces, whatever the
   * plugin does. `'runtime'` also accepts the permission model of Node or Deno. Node says that its model does
   * not stop malicious code. A start with weaker isolation is refused. Default `'kernel'`.
   */
  readonly require?: 'kernel' | 'runtime';
  /**
   * The name or path of bubblewrap. Default `bwrap`, from the host's PATH. With `false`, bubblewrap is not
   * used. Then `require: 'runtime'` uses the permission model.
   */
  readonly bwrap?: string | false;
}

/**
 * The options of a user, checked and with defaults. Paths are absolute, but links in them are not resolved
 * yet.
 */
export interface Policy {
  readonly read: readonly string[];
  readonly write: readonly string[];
  readonly run: boolean;
  readonly net: boolean;
  readonly env: readonly string[];
  readonly resources: Resources;
  readonly require: 'kernel' | 'runtime';
  readonly bwrap: string | false;
}

/** The limits, in the order in which they are described. */
export const limitNames = ['memoryBytes', 'cpuSeconds', 'openFiles', 'fileBytes'] as const;

const maxCpuSeconds = 1e10;

const keys = ['read', 'write', 'run', 'net', 'env', 'resources', 'require', 'bwrap'];

/**
 * Checks the options. If an option is invalid, throws `CONFIG_INVALID` with the option's name. Relative paths
 * start from the host's working directory.
 */
export function checkOptions(options: IsolateOptions): Policy {
  checkKeys('options', options, keys);
  const { read = [], write = [], run = false, net = false, env = [], resources = {} } = options;
  const { require = 'kernel', bwrap = 'bwrap' } = options;
  for (const [name, list] of Object.entries({ read, write, env }))
    check(isListOf(list, isText), name, 'a list of texts that are not empty and hold no NUL', list);
  // The value may be a secret, so the message leaves it out.
  const valued = env.find((name) => name.includes('='));
  check(valued === undefined, 'env', 'a list of names, without values', valued?.replace(/=.*/s, '=…'));
  for (const [name, flag] of Object.entries({ run, net }))
    check(typeof flag === 'boolean', name, 'true or false', flag);
  check(require === 'kernel' || require === 'runtime', 'require', "'kernel' or 'runtime'", require);
  check(bwrap === false || isText(bwrap), 'bwrap', 'the program, or false', bwrap);
  checkKeys('resources', resources, limitNames);
  for (const name of limitNames) {
    const value: unknown = resources[name];
    const fits = value === undefined || (Number.isSafeInteger(value) && (value as number) > 0);
    check(fits, `resources.${name}`, 'a whole number above 0', value);
  }
  // The kernel counts nanoseconds in 64 bits. If a limit does not fit, the kernel would end the plugin
  // immediately.
  const { cpuSeconds = 0 } = resources;
  check(cpuSeconds <= maxCpuSeconds, 'resources.cpuSeconds', `at most ${maxCpuSeconds}`, cpuSeconds);
  const absolute = (paths: readonly string[]): readonly string[] => paths.map((path) => resolve(path));
  // The lists are copied, because later changes by the caller would not be checked.
  return {
    ...{ read: absolute(read), write: absolute(write), run, net, env: [...env] },
    ...{ resources: { ...resources }, require, bwrap },
  };
}

/**
 * Throws `CONFIG_INVALID` unless `command` names a program, and its arguments and working directory are
 * valid.
 */
export function checkCommand(command: unknown): void {
  const { file, args, cwd } = (
    Array.isArray(command) ? { file: command[0] as unknown, args: command.slice(1) } : Object(command)
  ) as Record<'file' | 'args' | 'cwd', unknown>;
  check(isText(file), 'command', 'a program with its arguments, or an object with file and args', command);
  check(args === undefined || isListOf(args, isArgument), 'args', 'a list of texts without NUL', args);
  check(cwd === undefined || isText(cwd), 'cwd', 'a directory', cwd);
}

function checkKeys(name: string, value: unknown, known: readonly string[]): void {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  check(isObject, name, `an object of ${known.join(', ')}`, value);
  const other = Object.keys(value as object).find((key) => !known.includes(key));
  check(other === undefined, name, `made of ${known.join(', ')}`, other);
}

function check(holds: boolean, name: string, expected: string, came: unknown): void {
  if (holds) return;
  const got = typeof came === 'object' && came !== null ? inspect(came).slice(0, 60) : String(came);
  throw new PipeworkError('CONFIG_INVALID', `${name} must be ${expected}; got ${got}`);
}

function isArgument(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0');
}

function isText(value: unknown): value is string {
  return isArgument(value) && value !== '';
}
