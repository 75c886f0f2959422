/** Finds packages: the members of a workspace, or the packages that an application has installed. */

import { readdir } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { PipeworkError } from '../../base/errors.ts';
import { printableLine } from '../../base/printable.ts';
import { readText } from '../../base/regular-file.ts';
import { isInside, whyOutside } from './candidates.ts';
import { listUnlessOutside, type List } from './listing.ts';
import type { Skip } from './options.ts';
import { whyTooComplex, within } from './patterns.ts';

/** The manifests to read, and the directory that holds all of them. */
export interface Packages {
  readonly root: string;
  readonly manifests: readonly string[];
  /** True if the manifests are in node_modules, among many packages that are not plugins. */
  readonly areInstalled: boolean;
}

/**
 * Returns the packages around `start`. If `start` is in a workspace, these packages are the workspace's
 * members. Otherwise these are the packages that the nearest application has installed. An application is a
 * directory with a package.json and a node_modules. If `contained` is true, the search skips each pattern
 * that leads out of the workspace. It follows a link that leads out only as far as the linked package.
 * Rejects with `DISCOVER_UNREADABLE` if there is neither a workspace nor an application, or if a pattern of
 * the workspace is too complex.
 */
export async function findPackages(
  start: string,
  { contained, skip }: { readonly contained: boolean; readonly skip: Skip },
): Promise<Packages> {
  const [workspace, application] = await Promise.all([findWorkspace(start), findApplication(start)]);
  if (workspace !== undefined) {
    const manifests = await members(contained ? contain(workspace, skip) : workspace, contained);
    // If an application is below a workspace, but is not one of the workspace's packages, the application was
    // deployed or copied there. So the application's own packages are searched. An application above the
    // workspace is another project, for example a home directory with a package.json.
    const isDeployed =
      application !== undefined &&
      application !== workspace.root &&
      isInside(workspace.root, application) &&
      !manifests.includes(join(application, 'package.json'));
    if (!isDeployed) return { root: workspace.root, manifests, areInstalled: false };
  }
  if (application === undefined) {
    throw new PipeworkError(
      'DISCOVER_UNREADABLE',
      `no packages around ${start}: no directory from there up has a pnpm-workspace.yaml, a package.json with workspaces, or a package.json beside a node_modules`,
    );
  }
  return { root: application, manifests: await installed(application), areInstalled: true };
}

interface Workspace {
  readonly root: string;
  readonly patterns: readonly string[];
}

/**
 * Returns the workspace without the patterns that lead out of it. Reports each such pattern to `skip`, unless
 * it is an exclusion.
 */
function contain({ root, patterns }: Workspace, skip: Skip): Workspace {
  const kept: string[] = [];
  for (const pattern of patterns) {
    const sign = isExclusion(pattern) ? '!' : '';
    const way = within(root, pattern.slice(sign.length));
    if (way !== undefined) kept.push(sign + way);
    // An exclusion of paths outside of the workspace changes nothing.
    else if (sign === '')
      skip(resolve(root, pattern), `the workspace's pattern "${pattern}" leads out of ${root}`);
  }
  return { root, patterns: kept };
}

const isExclusion = (pattern: string): boolean => pattern.startsWith('!');

async function findWorkspace(start: string): Promise<Workspace | undefined> {
  for (const root of upwards(start)) {
    const file = join(root, 'pnpm-workspace.yaml');
    const yaml = readIfThere(file);
    if (yaml !== undefined) return { root, patterns: await readPackageList(yaml, file) };
    const manifest = readIfThere(join(root, 'package.json'));
    const patterns = manifest === undefined ? [] : readWorkspaces(manifest);
    if (patterns.length > 0) return { root, patterns };
  }
  return undefined;
}

/** Returns the text of a file; undefined if it cannot be read. */
function readIfThere(path: string): string | undefined {
  try {
    return readText(path);
  } catch {
    return undefined;
  }
}

async function findApplication(start: string): Promise<string | undefined> {
  for (const root of upwards(start)) {
    if ((await isDirectory(join(root, 'node_modules'))) && (await exists(join(root, 'package.json'))))
      return root;
  }
  return undefined;
}

async function members({ root, patterns }: Workspace, contained: boolean): Promise<string[]> {
  checkPatterns(root, patterns);
  const { glob } = await import('tinyglobby');
  const manifests = await glob(
    patterns
      .filter((pattern) => !isExclusion(pattern))
      .map((pattern) => `${pattern.replace(/\/$/, '')}/package.json`),
    {
      cwd: root,
      absolute: true,
      ignore: [
        '**/node_modules/**',
        ...patterns.filter(isExclusion).map((pattern) => `${pattern.slice(1).replace(/\/$/, '')}/**`),
      ],
      ...(contained ? { fs: { readdir: listShallowOutside(root) as typeof readdir } } : {}),
    },
  );
  return manifests.map((path) => resolve(path)).sort();
}

/**
 * Throws `DISCOVER_UNREADABLE` if a pattern is too complex. The pattern is not skipped, because it may be an
 * exclusion, and the search would then find the excluded packages.
 */
function checkPatterns(root: string, patterns: readonly string[]): void {
  for (const pattern of patterns) {
    const reason = whyTooComplex(pattern);
    if (reason !== undefined) {
      throw new PipeworkError(
        'DISCOVER_UNREADABLE',
        `the workspace ${root} cannot be searched for plugins: its pattern ${printableLine(pattern)} is too complex: ${reason}`,
      );
    }
  }
}

/**
 * Returns a function that lists directories. Of a directory outside of the workspace, to which a link has
 * led, the function lists only the files. So the linked package's manifest is found, and the search later
 * skips it with a reason. The directories beside the manifest are not walked, because they may be the whole
 * file system.
 */
function listShallowOutside(root: string): List {
  return listUnlessOutside(
    (path) => whyOutside(root, resolve(path)),
    (_reason, path, options, done) =>
      readdir(path, options, (error, entries) =>
        done(
          error,
          (entries ?? []).filter((entry) => entry.isFile()),
        ),
      ),
  );
}

async function installed(root: string): Promise<string[]> {
  const { glob } = await import('tinyglobby');
  const manifests = await glob(['*/package.json', '@*/*/package.json'], {
    cwd: join(root, 'node_modules'),
    absolute: true,
  });
  return manifests.map((path) => resolve(path)).sort();
}

/**
 * Returns the `packages` of a pnpm-workspace.yaml. Rejects with `DISCOVER_UNREADABLE` if the file is not
 * YAML.
 */
export async function readPackageList(yaml: string, file: string): Promise<string[]> {
  const { loadAll } = await import('js-yaml');
  try {
    const [document] = loadAll(yaml) as { packages?: unknown }[];
    return textsOf(document?.packages);
  } catch (cause) {
    throw new PipeworkError('DISCOVER_UNREADABLE', `${file} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function readWorkspaces(manifest: string): string[] {
  try {
    const { workspaces } = JSON.parse(manifest) as { workspaces?: unknown };
    return textsOf(
      Array.isArray(workspaces) ? workspaces : (workspaces as { packages?: unknown } | undefined)?.packages,
    );
  } catch {
    // A manifest that is not JSON names no workspaces. The search continues in the next directory up.
    return [];
  }
}

function textsOf(list: unknown): string[] {
  // The glob would read an empty pattern as the root of the file system.
  const isPattern = (item: unknown): item is string => typeof item === 'string' && !/^!?$/.test(item);
  return Array.isArray(list) ? list.filter(isPattern) : [];
}

function* upwards(start: string): Generator<string> {
  for (let root = start; ; root = dirname(root)) {
    yield root;
    if (dirname(root) === root) return;
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );
}
