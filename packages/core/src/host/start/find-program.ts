/** Finds the file that a command names, as the system itself would find it. */

import { access } from 'node:fs/promises';
import { posix, win32 } from 'node:path';

export interface NamedProgram {
  readonly file: string;
  readonly cwd: string | undefined;
  /** The variables with which the process is started. */
  readonly env: Readonly<Record<string, string>>;
}

/** The directories in which Unix looks for programs if there is no PATH. */
const defaultPath = '/usr/bin:/bin';

/** The extensions that Windows tries when there is no PATHEXT. */
const defaultExtensions = '.EXE;.CMD;.BAT;.COM';

/** True if the command is a path, which needs no search. */
export function isPath(file: string, platform: NodeJS.Platform = process.platform): boolean {
  return platform === 'win32' ? /[\\/]/.test(file) || win32.isAbsolute(file) : file.includes('/');
}

/** Returns the paths at which the system looks for the program, in order. */
export function programPaths(
  { file, cwd, env }: NamedProgram,
  platform: NodeJS.Platform = process.platform,
): string[] {
  if (platform === 'win32') return windowsPaths(file, cwd, env);
  const base = posix.resolve(cwd ?? '.');
  if (isPath(file, platform)) return [posix.resolve(base, file)];
  const directories = (env['PATH'] ?? defaultPath).split(':');
  return directories.map((directory) => posix.resolve(base, directory, file));
}

/**
 * Returns the paths that cross-spawn, which execa uses, tries on Windows. The working directory precedes the
 * directories of PATH, and the names with an extension of the host's PATHEXT precede the bare names.
 */
function windowsPaths(
  file: string,
  cwd: string | undefined,
  env: Readonly<Record<string, string>>,
): string[] {
  const base = win32.resolve(cwd ?? '.');
  const directories = isPath(file, 'win32') ? [''] : ['', ...(variable(env, 'PATH') ?? '').split(';')];
  const extensions = (process.env['PATHEXT'] ?? defaultExtensions).split(';');
  if (file.includes('.')) extensions.unshift('');
  const runnable = new Set(extensions.map((extension) => extension.toLowerCase()));
  const at = (directory: string, extension: string): string =>
    win32.resolve(base, directory, file + extension);
  return [
    ...directories
      .flatMap((directory) => extensions.map((extension) => at(directory, extension)))
      .filter((path) => runnable.has(win32.extname(path).toLowerCase())),
    ...directories.map((directory) => at(directory, '')),
  ];
}

/** Returns the value of a variable. Ignores the case of its name, as Windows does. */
function variable(env: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.entries(env).find(([key]) => key.toUpperCase() === name)?.[1];
}

/**
 * Resolves to the first of `paths` that allows `mode`, one of fs.constants; undefined if none of them does.
 */
export async function firstThatAllows(paths: readonly string[], mode: number): Promise<string | undefined> {
  for (const path of paths) if (await allows(path, mode)) return path;
  return undefined;
}

export async function allows(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
