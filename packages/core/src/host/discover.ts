/** Finding plugins: by a glob in a directory, or by a field in the manifests of a workspace. */

import { constants, existsSync, readdir, type Dirent } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';
import { PipeworkError } from '../base/errors.ts';
import { expect, expectKeys, isText } from '../base/expect.ts';

/** Hears what is left out, and why. */
export interface DiscoverOptions {
  readonly onSkip?: (path: string, reason: string) => void;
}

/**
 * The plugins that `pattern` matches in `dir` (default the working directory): absolute paths of regular, executable
 * files, sorted. On Windows, where no file is marked executable, its extension has to be one of PATHEXT. Rejects with
 * `DISCOVER_UNREADABLE` where `dir` is no directory.
 */
export async function discover(pattern: string, dir = '.', options: DiscoverOptions = {}): Promise<string[]> {
  expect(isText(pattern), 'the pattern of discover()', 'a text', pattern);
  checkOptions(options, ['onSkip']);
  const root = await checkDirectory(dir);
  const { glob } = await import('tinyglobby');
  const paths = await glob(pattern, {
    cwd: root,
    absolute: true,
    onlyFiles: false,
    expandDirectories: false,
    fs: { readdir: listEverything as typeof readdir },
  });
  const found: string[] = [];
  for (const path of paths.map((match) => resolve(match)).sort()) {
    const reason = (await whyNoFile(path)) ?? (await whyNotExecutable(path));
    if (reason === undefined) found.push(path);
    else options.onSkip?.(path, reason);
  }
  return found;
}

/** A plugin that a workspace package declares. */
export interface DiscoveredPackage {
  /** The package's name; its directory where it has none. */
  readonly name: string;
  /** The package's directory. */
  readonly directory: string;
  /** The plugin's file. */
  readonly path: string;
  /** Ready for {@link ClientConfig.cmd}: scripts run by this Node. */
  readonly cmd: readonly [file: string, ...args: string[]];
  /** The field's value, with whatever else the package declares there. */
  readonly field: unknown;
}

/** Options of {@link discoverPackages}. */
export interface DiscoverPackagesOptions extends DiscoverOptions {
  /** The field of package.json. Its value is the plugin's path, or an object with the path as `plugin`. Default `pipework`. */
  readonly field?: string;
}

/**
 * The plugins that the packages of a workspace declare in their package.json, sorted by path. `dir` is any directory
 * inside the workspace; its root is the nearest one above with a pnpm-workspace.yaml, or with `workspaces` in its
 * package.json. Rejects with `DISCOVER_UNREADABLE` where there is none.
 */
export async function discoverPackages(
  dir = '.',
  options: DiscoverPackagesOptions = {},
): Promise<DiscoveredPackage[]> {
  checkOptions(options, ['onSkip', 'field']);
  const { root, patterns } = await findWorkspace(await checkDirectory(dir));
  const wanted = patterns.filter((pattern) => !pattern.startsWith('!'));
  const unwanted = patterns.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1));
  const { glob } = await import('tinyglobby');
  const manifests = await glob(
    wanted.map((pattern) => `${pattern.replace(/\/$/, '')}/package.json`),
    {
      cwd: root,
      absolute: true,
      ignore: ['**/node_modules/**', ...unwanted.map((pattern) => `${pattern}/**`)],
    },
  );
  const found: DiscoveredPackage[] = [];
  for (const manifest of manifests.map((path) => resolve(path)).sort()) {
    const plugin = await readManifest(manifest, options);
    if (plugin !== undefined) found.push(plugin);
  }
  return found;
}

async function readManifest(
  manifest: string,
  options: DiscoverPackagesOptions,
): Promise<DiscoveredPackage | undefined> {
  const { field: fieldName = 'pipework', onSkip } = options;
  const directory = dirname(manifest);
  let content: Map<string, unknown>;
  try {
    content = new Map(Object.entries(JSON.parse(await readFile(manifest, 'utf8')) as object));
  } catch (error) {
    onSkip?.(manifest, `it cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
  const field = content.get(fieldName);
  if (field === undefined) return void onSkip?.(manifest, `it has no field "${fieldName}"`);
  const entry = typeof field === 'object' && field !== null && 'plugin' in field ? field.plugin : field;
  if (typeof entry !== 'string') {
    return void onSkip?.(
      manifest,
      `its field "${fieldName}" is neither a path nor an object with a path as "plugin"`,
    );
  }
  const path = resolve(directory, entry);
  const isScript = /^\.[cm]?js$/.test(extname(path));
  const reason = (await whyNoFile(path)) ?? (isScript ? undefined : await whyNotExecutable(path));
  if (reason !== undefined) return void onSkip?.(path, reason);
  const name = content.get('name');
  const cmd = isScript ? ([process.execPath, path] as const) : ([path] as const);
  return { name: typeof name === 'string' ? name : directory, directory, path, cmd, field };
}

async function findWorkspace(start: string): Promise<{ root: string; patterns: string[] }> {
  for (let root = start; ; root = dirname(root)) {
    const yaml = await readFile(join(root, 'pnpm-workspace.yaml'), 'utf8').catch(() => undefined);
    if (yaml !== undefined) return { root, patterns: readPackageList(yaml) };
    const manifest = await readFile(join(root, 'package.json'), 'utf8').catch(() => undefined);
    const patterns = manifest === undefined ? [] : readWorkspaces(manifest);
    if (patterns.length > 0) return { root, patterns };
    if (dirname(root) === root) {
      throw new PipeworkError(
        'DISCOVER_UNREADABLE',
        `no workspace above ${start}: no directory has a pnpm-workspace.yaml, or a package.json with workspaces`,
      );
    }
  }
}

/** The `packages` of a pnpm-workspace.yaml: a list of texts, in either of YAML's two forms. Nothing else of the file is read. */
export function readPackageList(yaml: string): string[] {
  const lines = yaml.split(/\r?\n/).map((line) => line.replace(/(^|\s)#.*$/, ''));
  const start = lines.findIndex((line) => /^packages\s*:/.test(line));
  if (start === -1) return [];
  const inline = /^packages\s*:\s*\[(.*)$/.exec(lines[start] ?? '');
  if (inline !== null) {
    const [list = ''] = [inline[1] ?? '', ...lines.slice(start + 1)].join(' ').split(']');
    return list.split(',').map(unquote).filter(Boolean);
  }
  const patterns: string[] = [];
  for (const line of lines.slice(start + 1)) {
    const item = /^\s*-\s+(.*)$/.exec(line);
    if (item !== null) patterns.push(unquote(item[1] ?? ''));
    else if (line.trim() !== '') break;
  }
  return patterns;
}

function readWorkspaces(manifest: string): string[] {
  try {
    const { workspaces } = JSON.parse(manifest) as { workspaces?: unknown };
    const list = Array.isArray(workspaces)
      ? workspaces
      : (workspaces as { packages?: unknown } | undefined)?.packages;
    return Array.isArray(list)
      ? list.filter((pattern): pattern is string => typeof pattern === 'string')
      : [];
  } catch {
    // A manifest that is no JSON names no workspaces: the search goes on above it.
    return [];
  }
}

function unquote(text: string): string {
  return text.trim().replace(/^(['"])(.*)\1$/, '$2');
}

function checkOptions(options: DiscoverPackagesOptions, keys: readonly string[]): void {
  expectKeys('options', options, keys);
  const { onSkip, field } = options;
  expect(onSkip === undefined || typeof onSkip === 'function', 'onSkip', 'a function', onSkip);
  expect(field === undefined || isText(field), 'field', 'the name of a field of package.json', field);
}

async function checkDirectory(dir: string): Promise<string> {
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
    `${root} cannot be searched for plugins: it is no directory`,
  );
}

/**
 * Lists a directory for the glob, which leaves out what is neither file nor directory and links that lead nowhere: shown as
 * files they are matched, and left out below with a reason.
 */
function listEverything(
  path: string,
  options: { withFileTypes: true },
  done: (error: NodeJS.ErrnoException | null, entries: Dirent[]) => void,
): void {
  readdir(path, options, (error, entries) => {
    for (const entry of entries ?? []) {
      const leads =
        entry.isFile() ||
        entry.isDirectory() ||
        (entry.isSymbolicLink() && existsSync(join(path, entry.name)));
      if (!leads) Object.assign(entry, { isFile: () => true, isSymbolicLink: () => false });
    }
    done(error, entries);
  });
}

async function whyNoFile(path: string): Promise<string | undefined> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) return 'it does not exist, or is a link to nothing';
  if (info.isDirectory()) return 'it is a directory';
  return info.isFile() ? undefined : 'it is not a regular file';
}

async function whyNotExecutable(path: string): Promise<string | undefined> {
  if (process.platform === 'win32') {
    const extensions = (process.env['PATHEXT'] ?? '.COM;.EXE;.BAT;.CMD').toLowerCase().split(';');
    return extensions.includes(extname(path).toLowerCase())
      ? undefined
      : 'its extension is not one of PATHEXT';
  }
  return access(path, constants.X_OK).then(
    () => undefined,
    () => 'it is not executable by this process',
  );
}
