/** Guesses whether a word of a command line names a program, and how a file can be started as a program. */
import { accessSync, constants, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { readBeginning, shellQuoted } from '@pipework/core';

const interpreters = /^(?:node|bun|deno|python[\d.]*|ruby|perl|tsx|sh|bash)(?:\.exe)?$/;

/** Programs that run another program, which their arguments name. */
const runners = /^(?:npx|npm|pnpm|yarn|env|sudo|uv|go|cargo|docker|podman)$/;

export const isInterpreter = (file: string): boolean => interpreters.test(basename(file));

/** True if a word looks like the first word of a plugin's command line, which is a program or a file. */
export function looksLikeProgram(word: string): boolean {
  if (/^[-{["]/.test(word)) return false;
  return isInterpreter(word) || runners.test(word) || /[/\\]|\.(?:[cm]?[jt]s|py|rb|pl|sh|exe)$/.test(word);
}

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
  go: 'go run',
};

/**
 * Returns a command line that starts `file`, with a sentence that says how. Returns undefined if the file is
 * missing, or if another command line would not help.
 */
export function startable(
  [file = '', ...args]: readonly string[],
  cwd: string,
): { readonly how: string; readonly words: readonly string[] } | undefined {
  const path = resolve(cwd, file);
  if (!isFile(path)) return undefined;
  const isFound = /[/\\]/.test(file);
  const isExecutable = allows(path);
  const interpreter = interpreterOf(path);
  // /bin/sh would run a script without a #! line, even a script in another language.
  if (interpreter !== undefined && !(isFound && isExecutable && hasShebang(path)))
    return { how: `start it by ${interpreter}`, words: [...interpreter.split(' '), file, ...args] };
  if (isExecutable) return isFound ? undefined : { how: 'give its path', words: [`./${file}`, ...args] };
  if (!isMachineCode(path)) return undefined;
  return {
    how: `make it executable, by chmod +x ${shellQuoted(file)}`,
    words: [isFound ? file : `./${file}`, ...args],
  };
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    // The file may be missing, a parent may not be a folder, or the path may be too long.
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

/**
 * Returns the program that runs a script: the one that its `#!` line names, or else the one for the extension
 * of its name.
 */
function interpreterOf(path: string): string | undefined {
  const named = /^#!\s*(?:\S*\/env\s+(?:-S\s+)?)?(\S+)/.exec(beginning(path))?.[1];
  if (named !== undefined) return basename(named);
  const extension = /\.(\w+)$/.exec(path)?.[1] ?? '';
  return Object.hasOwn(byExtension, extension) ? byExtension[extension] : undefined;
}

const hasShebang = (path: string): boolean => beginning(path).startsWith('#!');

/** True if the first bytes of the file are those of a program of Linux or macOS. */
const isMachineCode = (path: string): boolean =>
  /^(?:\x7fELF|\xcf\xfa\xed\xfe|\xca\xfe\xba\xbe)/.test(beginning(path));

/** Returns the first characters of a file; an empty text if it cannot be read. */
function beginning(path: string): string {
  try {
    return readBeginning(path, 256).toString('latin1');
  } catch {
    return '';
  }
}
