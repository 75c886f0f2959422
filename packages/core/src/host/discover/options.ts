/** The options of `discover()` and `discoverPackages()`, and their checks. */

import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { PipeworkError } from '../../base/errors.ts';
import { expect, expectKeys, isText } from '../../base/expect.ts';
import { printableLine } from '../../base/printable.ts';

/** Options of {@link discover}. */
export interface DiscoverOptions {
  /**
   * Called with the path of each file or directory that is left out, and with the reason. A package's paths
   * may hold any text. So `path` and `reason` are one line each, with everything unprintable written out, as
   * in `\x1b`.
   */
  readonly onSkip?: (path: string, reason: string) => void;
  /**
   * If true, plugins that are outside of the directory or package are left out: `../` paths, absolute paths,
   * and links that lead out. Default `false` for `discover()`, `true` for `discoverPackages()`.
   */
  readonly contained?: boolean;
}

/** Options of {@link discoverPackages}. */
export interface DiscoverPackagesOptions extends DiscoverOptions {
  /** The field of package.json. Its value is the plugin's path, or an object with the path as `plugin`. Default `pipework`. */
  readonly field?: string;
}

/**
 * Throws `CONFIG_INVALID` if an option is invalid or not among `keys`. The message names the first of these
 * options.
 */
export function checkOptions(options: DiscoverPackagesOptions, keys: readonly string[]): void {
  expectKeys('options', options, keys);
  const { onSkip, field, contained } = options;
  expect(onSkip === undefined || typeof onSkip === 'function', 'onSkip', 'a function', onSkip);
  expect(contained === undefined || typeof contained === 'boolean', 'contained', 'true or false', contained);
  expect(field === undefined || isText(field), 'field', 'the name of a field of package.json', field);
}

/** Reports a file or directory that is left out, and the reason. */
export type Skip = (path: string, reason: string) => void;

/**
 * Returns a function that reports a skipped path and the reason to `onSkip`. The function makes both safe to
 * print, because the names of files, manifests and links may hold any text.
 */
export function skipper({ onSkip }: DiscoverOptions): Skip {
  return (path, reason) => onSkip?.(printableLine(path, Infinity), printableLine(reason, Infinity));
}

/** Resolves to the absolute path of `dir`. Rejects with `DISCOVER_UNREADABLE` if `dir` is not a directory. */
export async function checkDirectory(dir: string): Promise<string> {
  expect(isText(dir), 'the directory', 'a path', dir);
  const root = resolve(dir);
  const info = await stat(root).catch((cause: unknown) => {
    throw new PipeworkError(
      'DISCOVER_UNREADABLE',
      `${root} cannot be searched for plugins: it does not exist or cannot be read`,
      { cause },
    );
  });
  if (info.isDirectory()) return root;
  throw new PipeworkError(
    'DISCOVER_UNREADABLE',
    `${root} cannot be searched for plugins: it is not a directory`,
  );
}
