/** Finds the name, version and runtime that a plugin reports in its description. */
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readText } from '../base/regular-file.ts';

export interface Identity {
  readonly name?: string | undefined;
  readonly version?: string | undefined;
}

/**
 * Returns the name and version of the package that a program belongs to. Both come from the nearest
 * package.json that has a name. If the program is a link, as in `node_modules/.bin`, the search starts at the
 * link's target.
 */
export function packageIdentity(program: string | undefined): Identity {
  if (program === undefined) return {};
  for (let folder = dirname(targetOf(program)); ; folder = dirname(folder)) {
    try {
      const { name, version } = JSON.parse(readText(join(folder, 'package.json'))) as Record<string, unknown>;
      if (typeof name === 'string')
        return { name, version: typeof version === 'string' ? version : undefined };
    } catch {
      // This folder has no readable package.json. Try the parent folder.
    }
    if (folder === dirname(folder)) return {};
  }
}

function targetOf(program: string): string {
  try {
    return realpathSync(program);
  } catch {
    return program;
  }
}

/**
 * Returns the name of the runtime and its version, for instance `node 22.12.0`, `bun 1.2.0` or `deno 2.1.0`.
 */
export function runtimeName(): string {
  const { bun, deno, node } = process.versions as Record<string, string | undefined>;
  if (bun !== undefined) return `bun ${bun}`;
  return deno === undefined ? `node ${node ?? 'unknown'}` : `deno ${deno}`;
}
