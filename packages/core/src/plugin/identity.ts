/** What a plugin says of itself when it is asked. */
import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface Identity {
  readonly name?: string | undefined;
  readonly version?: string | undefined;
}

/**
 * The name and version of the package that a program belongs to: those of the nearest package.json that has a name. A link to a program, as
 * in `node_modules/.bin`, belongs to the package of its target.
 */
export function packageIdentity(program: string | undefined): Identity {
  if (program === undefined) return {};
  for (let folder = dirname(targetOf(program)); ; folder = dirname(folder)) {
    try {
      const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<
        string,
        unknown
      >;
      if (typeof name === 'string')
        return { name, version: typeof version === 'string' ? version : undefined };
    } catch {
      // There is no package.json here, or it cannot be read.
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

/** The runtime and its version, for people: `node 22.12.0`, `bun 1.2.0`, `deno 2.1.0`. */
export function runtimeName(): string {
  const { bun, deno, node } = process.versions as Record<string, string | undefined>;
  if (bun !== undefined) return `bun ${bun}`;
  return deno === undefined ? `node ${node ?? 'unknown'}` : `deno ${deno}`;
}
