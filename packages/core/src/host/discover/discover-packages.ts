/**
 * Finds plugins by a field of package.json, in the packages of a workspace or in those that an application
 * has installed.
 */

import { realpath } from 'node:fs/promises';
import { dirname, extname, isAbsolute, resolve, sep } from 'node:path';
import { readText } from '../../base/regular-file.ts';
import { isError } from '../../base/realm.ts';
import { isInside, whyNoFile, whyNotExecutable, whyOthersMayWrite, whyOutside } from './candidates.ts';
import { checkDirectory, checkOptions, skipper, type DiscoverPackagesOptions, type Skip } from './options.ts';
import { findPackages } from './workspace.ts';

/** A plugin that a package declares. */
export interface DiscoveredPackage {
  /** The package's name, or its directory if it has no name. */
  readonly name: string;
  /** The package's directory. */
  readonly directory: string;
  /** The plugin's file. */
  readonly path: string;
  /**
   * A command for {@link ClientConfig.cmd}. If the file is a script, the command runs it with the host's
   * Node. TypeScript files count as scripts if that Node strips types.
   */
  readonly cmd: readonly [file: string, ...args: string[]];
  /** The whole value of the field that declares the plugin. */
  readonly field: unknown;
}

/**
 * Resolves to the plugins that packages declare in their package.json, sorted by path. `dir` is any directory
 * inside a workspace or an application. The workspace's root is the nearest directory, from `dir` upwards,
 * that has a pnpm-workspace.yaml, or `workspaces` in its package.json. If `dir` is in no workspace, the
 * packages are those directly in the node_modules of the nearest application. An application is a directory
 * that has both a package.json and a node_modules. Rejects with `DISCOVER_UNREADABLE` if there is neither a
 * workspace nor an application.
 *
 * @example
 * ```ts
 * import { Client, discoverPackages } from '@pipework/core';
 *
 * for (const plugin of await discoverPackages('.')) {
 *   await using client = new Client(plugin);
 *   console.log(await (await client.client()).describe());
 * }
 * ```
 */
export async function discoverPackages(
  dir = '.',
  options: DiscoverPackagesOptions = {},
): Promise<DiscoveredPackage[]> {
  checkOptions(options, ['onSkip', 'field', 'contained']);
  const { contained = true } = options;
  const skip = skipper(options);
  const { root, manifests, areInstalled } = await findPackages(await checkDirectory(dir), {
    contained,
    skip,
  });
  const found: DiscoveredPackage[] = [];
  for (const manifest of manifests) {
    const plugin = await readManifest(manifest, { ...options, root, areInstalled, skip });
    if (plugin !== undefined) found.push(plugin);
  }
  return found;
}

interface Search extends DiscoverPackagesOptions {
  readonly root: string;
  readonly areInstalled: boolean;
  readonly skip: Skip;
}

async function readManifest(manifest: string, search: Search): Promise<DiscoveredPackage | undefined> {
  const { field: fieldName = 'pipework', contained = true, root, skip } = search;
  const directory = dirname(manifest);
  let content: Map<string, unknown>;
  try {
    content = new Map(Object.entries(JSON.parse(readText(manifest)) as object));
  } catch (error) {
    return void skip(manifest, `it cannot be read: ${isError(error) ? error.message : String(error)}`);
  }
  const field = content.get(fieldName);
  // Most installed packages are not plugins, so `onSkip` is not called for them.
  if (field === undefined && search.areInstalled) return undefined;
  if (field === undefined) return void skip(manifest, `it has no field "${fieldName}"`);
  const entry = typeof field === 'object' && field !== null && 'plugin' in field ? field.plugin : field;
  if (typeof entry !== 'string') {
    return void skip(
      manifest,
      `its field "${fieldName}" is neither a path nor an object with a path as "plugin"`,
    );
  }
  const path = resolve(directory, entry);
  const reason =
    (contained ? ((await whyOutside(root, directory)) ?? whyEscaping(directory, entry)) : undefined) ??
    (await whyNoFile(path)) ??
    (contained ? await whyOutside(root, path) : undefined) ??
    (await whyNotRunnable(path)) ??
    (await whyOthersMayWrite(path, root));
  if (reason !== undefined) return void skip(path, reason);
  const name = content.get('name');
  const cmd = isScript(path) ? ([process.execPath, path] as const) : ([path] as const);
  return { name: typeof name === 'string' ? name : directory, directory, path, cmd, field };
}

/**
 * Returns why the plugin's path in a manifest must not be used: the path is absolute, or leads out of the
 * package.
 */
function whyEscaping(directory: string, entry: string): string | undefined {
  if (isAbsolute(entry)) return 'its path is absolute, but it must lead into its package';
  return isInside(directory, resolve(directory, entry)) ? undefined : 'its path leads out of its package';
}

const typeScript = /(?<!\.d)\.[cm]?ts$/;

/** True if the file is a script that Node runs. Such a file need not be marked as executable. */
function isScript(path: string): boolean {
  return /^\.[cm]?js$/.test(extname(path)) || (typeScript.test(path) && stripsTypes);
}

const stripsTypes = Boolean((process.features as { typescript?: unknown }).typescript);

async function whyNotRunnable(path: string): Promise<string | undefined> {
  if (typeScript.test(path) && stripsTypes) {
    const isInstalled = (await realpath(path)).split(sep).includes('node_modules');
    return isInstalled ? 'it is TypeScript below node_modules, where Node strips no types' : undefined;
  }
  if (isScript(path)) return undefined;
  const reason = await whyNotExecutable(path);
  return reason !== undefined && typeScript.test(path)
    ? `it is TypeScript, which this Node does not run (22.18 and later do), and ${reason}`
    : reason;
}
