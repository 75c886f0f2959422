/** Which file a command means, as the system looks for it. */

import { access } from 'node:fs/promises';
import { delimiter, isAbsolute, resolve } from 'node:path';

export interface NamedProgram {
  readonly file: string;
  readonly cwd: string | undefined;
  /** The PATH that the process is started with. */
  readonly path: string | undefined;
}

/** Where the system looks for programs when there is no PATH. */
const defaultPath = process.platform === 'win32' ? '' : '/usr/bin:/bin';

/** Whether it is a path itself, which is not looked for. */
export function isPath(file: string): boolean {
  return file.includes('/') || isAbsolute(file);
}

/** The files that are tried, in this order. */
export function programPaths({ file, cwd, path }: NamedProgram): string[] {
  const base = resolve(cwd ?? '.');
  if (isPath(file)) return [resolve(base, file)];
  return (path ?? defaultPath).split(delimiter).map((directory) => resolve(base, directory, file));
}

/** The first that allows `mode`, one of fs.constants. */
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
