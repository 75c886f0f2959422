/**
 * Finds out what a command runs. Follows the PATH and `#!` lines to the program, and finds its runtime and
 * its script.
 */

import { accessSync, constants, statSync } from 'node:fs';
import { basename, delimiter, resolve } from 'node:path';
import { spawnSync } from 'node:child_process';
import { readBeginning } from '@pipework/core';

/** A command as the kernel would run it. */
export interface Program {
  /** The program's absolute path. If the program was not found on PATH, this is the given name. */
  readonly file: string;
  readonly args: readonly string[];
  readonly runtime: 'node' | 'deno' | 'bun' | undefined;
  /** The script that an interpreter runs, absolute; undefined if there is none. */
  readonly script: string | undefined;
  /** The position of the script in `args`. */
  readonly scriptIndex: number | undefined;
  /** The files whose `#!` lines led to the program, absolute. */
  readonly through: readonly string[];
}

/** The maximum number of `#!` lines to follow. A `#!` line may name a script that has a `#!` line too. */
const maxHops = 4;

/** Interpreters whose first argument, apart from options, is a script. */
const interpreters = /^(node|nodejs|bun|deno|python[\d.]*|ruby|perl|php|sh|bash|dash)$/;

/** Options of these interpreters that take a further argument. */
const valued = new Set(
  '-r --require --import --loader --experimental-loader -C --conditions --env-file -W -X --config --import-map'.split(
    ' ',
  ),
);

/** Options that take code or the name of a module. A command with such an option has no script. */
const scriptless = new Set(['-e', '--eval', '-p', '--print', '-c', '-m']);

/** Resolves `command`. Only looks at files, and runs nothing. */
export function findProgram(command: {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly path: string | undefined;
}): Program {
  let file = findOnPath(command.file, command.cwd, command.path);
  let args = command.args;
  const through: string[] = [];
  for (let hop = 0; hop < maxHops; hop++) {
    const words = shebang(file);
    const [interpreter, ...rest] = words[0]?.endsWith('/env') === true ? withoutEnv(words.slice(1)) : words;
    if (interpreter === undefined) break;
    args = [...rest, file, ...args];
    through.push(file);
    file = findOnPath(interpreter, command.cwd, command.path);
  }
  const name = basename(file).replace(/\.exe$/i, '');
  const runtime = /^node(js)?$/.test(name) ? 'node' : name === 'deno' || name === 'bun' ? name : undefined;
  const isInterpreter = interpreters.test(name) || file === process.execPath;
  const scriptIndex = isInterpreter ? indexOfScript(args) : undefined;
  const script = scriptIndex === undefined ? undefined : resolve(command.cwd, args[scriptIndex] as string);
  return { file, args, runtime, script, scriptIndex, through };
}

/**
 * Returns the absolute path of the first program `name` in `path` for which `trusted` returns true. If no
 * such program exists, returns `name`.
 */
export function findOnPath(
  name: string,
  cwd: string,
  path: string | undefined,
  trusted: (file: string) => boolean = () => true,
): string {
  if (name.includes('/')) return resolve(cwd, name);
  for (const directory of (path ?? '/usr/local/bin:/usr/bin:/bin').split(delimiter)) {
    const file = resolve(cwd, directory, name);
    if (isProgram(file) && trusted(file)) return file;
  }
  return name;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/**
 * Returns the words of the `#!` line of `file` as the kernel splits them: the interpreter, and the rest as
 * one argument. Without such a line, returns an empty list.
 */
function shebang(file: string): string[] {
  const [, interpreter, argument = ''] = /^#![ \t]*(\S+)[ \t]*([^\n]*)/.exec(headOf(file)) ?? [];
  if (interpreter === undefined) return [];
  return argument.trim() === '' ? [interpreter] : [interpreter, argument.trim()];
}

/** Returns the first 256 bytes of a regular file; empty if the file cannot be read. */
function headOf(file: string): string {
  try {
    return readBeginning(file, 256).toString('latin1');
  } catch {
    return '';
  }
}

/**
 * Returns the words that `env` would run. In a `#!` line, `env` takes one name, or several words after `-S`.
 */
function withoutEnv(words: readonly string[]): string[] {
  const [argument = ''] = words;
  return argument.startsWith('-S') ? argument.slice(2).trim().split(/\s+/) : [argument];
}

function indexOfScript(args: readonly string[]): number | undefined {
  for (let index = 0; index < args.length; index++) {
    const word = args[index] as string;
    if (word === 'run' && index === 0) continue;
    if (scriptless.has(word)) return undefined;
    if (word === '--') return index + 1 < args.length ? index + 1 : undefined;
    if (!word.startsWith('-')) return index;
    if (valued.has(word)) index += 1;
  }
  return undefined;
}

/** Returns the arguments before the script. If there is no script, returns all arguments. */
export function optionsOf({ args, scriptIndex }: Program): readonly string[] {
  return scriptIndex === undefined ? args : args.slice(0, scriptIndex);
}

const versions = new Map<string, string>();

/**
 * Returns the version of the Node program `file`, such as `20.19.0`; undefined if it prints no version. Runs
 * the program once, unless it is the one that runs this host.
 */
export function nodeVersion(file: string): string | undefined {
  if (file === process.execPath && !('Deno' in globalThis) && !('Bun' in globalThis))
    return process.versions.node;
  const known = versions.get(file);
  if (known !== undefined) return known;
  const { stdout } = spawnSync(file, ['--version'], { encoding: 'utf8', timeout: 10_000, env: {} });
  const version = /^v(\d+\.\d+\.\d+)/.exec(stdout ?? '')?.[1];
  if (version !== undefined) versions.set(file, version);
  return version;
}

/** Code that opens a descriptor in the same way as a plugin opens its pipes. */
const opensPipe = "new (require('node:net').Socket)({ fd: 3 }).destroy()";
const letPipes = new Map<string, boolean>();

/**
 * Returns true if a plugin can open its pipes while the permission model of the Node program `file` denies
 * the network. Later releases of Node 26 do not allow it. Runs the program once.
 */
export function letsPipes(file: string): boolean {
  const known = letPipes.get(file);
  if (known !== undefined) return known;
  const { status } = spawnSync(file, ['--permission', '-e', opensPipe], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    timeout: 10_000,
    env: {},
  });
  const lets = status === 0;
  letPipes.set(file, lets);
  return lets;
}
