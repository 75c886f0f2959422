/** What a word of a command line says of the program that it starts. */
import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';

const interpreters = /^(?:node|bun|deno|python[\d.]*|ruby|perl|tsx|sh|bash)(?:\.exe)?$/;

/** Programs that run another one, which is named behind them. */
const runners = /^(?:npx|npm|pnpm|yarn|env|sudo|uv|go|cargo|docker|podman)$/;

export const isInterpreter = (file: string): boolean => interpreters.test(basename(file));

/** True for what stands first in the command line of a plugin, as far as its look tells: a program or a file. */
export function looksLikeProgram(word: string): boolean {
  if (/^[-{["]/.test(word)) return false;
  return isInterpreter(word) || runners.test(word) || /[/\\]|\.(?:[cm]?[jt]s|py|rb|pl|sh|exe)$/.test(word);
}

/** A word as a POSIX shell reads it: as it is, or in single quotes. */
export const shellQuoted = (word: string): string =>
  /^[\w%+,./:=@-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

const byExtension: Readonly<Record<string, string>> = {
  js: 'node',
  mjs: 'node',
  cjs: 'node',
  ts: 'node',
  mts: 'node',
  py: 'python3',
  rb: 'ruby',
  pl: 'perl',
  sh: 'sh',
};

/** The command line by which a file starts that cannot be started as it was typed; undefined if that is not why it did not start. */
export function startable(
  [file = '', ...args]: readonly string[],
  cwd: string,
): { readonly how: string; readonly words: readonly string[] } | undefined {
  const path = resolve(cwd, file);
  if (!isFile(path)) return undefined;
  const isFound = /[/\\]/.test(file);
  const isExecutable = allows(path);
  const interpreter = interpreterOf(path);
  // A script that has no first line with #! is run by /bin/sh, whatever it is written in.
  if (interpreter !== undefined && !(isFound && isExecutable && hasShebang(path)))
    return { how: `start it by ${interpreter}`, words: [interpreter, file, ...args] };
  if (isExecutable) return isFound ? undefined : { how: 'give its path', words: [`./${file}`, ...args] };
  return {
    how: `make it executable, by chmod +x ${shellQuoted(file)}`,
    words: [isFound ? file : `./${file}`, ...args],
  };
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    // It may be missing, or what stands before it may be no folder, or it may be too long.
    return false;
  }
}

function allows(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What a script is run by: what its first line names, else what its name ends with. */
function interpreterOf(path: string): string | undefined {
  const named = /^#!\s*(?:\S*\/env\s+(?:-S\s+)?)?(\S+)/.exec(beginning(path))?.[1];
  if (named !== undefined) return basename(named);
  const extension = /\.(\w+)$/.exec(path)?.[1] ?? '';
  return Object.hasOwn(byExtension, extension) ? byExtension[extension] : undefined;
}

const hasShebang = (path: string): boolean => beginning(path).startsWith('#!');

/** The first characters of a file; none if it cannot be read. */
function beginning(path: string): string {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const bytes = Buffer.alloc(256);
    return bytes.toString('latin1', 0, readSync(file, bytes));
  } catch {
    return '';
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
