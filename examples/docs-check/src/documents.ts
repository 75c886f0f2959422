/**
 * Finds the Markdown files of a run: those of a directory, and the READMEs of the packages installed there.
 */
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { filesOf, type TreeFiles } from './library.ts';

export interface Document {
  /** The document's name in reports: the path from the starting directory, or `package@1.0.0/README.md`. */
  name: string;
  tree: Tree;
  /** The path from the root of its tree, with forward slashes. */
  path: string;
  file: string;
  /** True for the README of a package in node_modules. */
  isInstalled: boolean;
}

export interface Tree {
  name: string;
  root: string;
  whole: boolean;
  files: TreeFiles;
}

const isMarkdown = (name: string): boolean => /\.(md|markdown)$/i.test(name);

/**
 * Returns the documents at or under `path`. If `path` is a `node_modules` directory, these are the READMEs of
 * the installed packages.
 */
export async function findUnder(path: string, cwd: string): Promise<Document[]> {
  const start = resolve(cwd, path);
  return basename(start) === 'node_modules' ? findPackageDocuments(dirname(start)) : findDocuments(path, cwd);
}

/** Returns all Markdown files at or under `path`. Installed, hidden and built files are left out. */
export async function findDocuments(path: string, cwd: string): Promise<Document[]> {
  const start = resolve(cwd, path);
  const isFile = (await stat(start)).isFile();
  const root = await treeRoot(isFile ? dirname(start) : start);
  const whole = !root.split(sep).includes('node_modules');
  const tree: Tree = { name: root, root, whole, files: filesOf(root) };
  const files = isFile ? [start] : await walk(start);
  return files.map((file) => ({
    name: slashes(relative(cwd, file)),
    tree,
    path: slashes(relative(root, file)),
    file,
    isInstalled: false,
  }));
}

async function walk(directory: string): Promise<string[]> {
  const files: string[] = [];
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isFile() && isMarkdown(entry.name)) files.push(path);
    if (!entry.isDirectory() || ['node_modules', 'dist', 'coverage'].includes(entry.name)) continue;
    if (!entry.name.startsWith('.') || entry.name === '.github') files.push(...(await walk(path)));
  }
  return files;
}

/**
 * Returns the root for links that begin with a slash: the repository or package around `directory`, or else
 * `directory` itself.
 */
async function treeRoot(directory: string): Promise<string> {
  for (let at = directory; at !== dirname(at); at = dirname(at)) {
    const parent = dirname(at);
    const isPackage = basename(parent) === 'node_modules' || basename(dirname(parent)) === 'node_modules';
    if (isPackage && (await exists(join(at, 'package.json')))) return at;
    if (await exists(join(at, '.git'))) return at;
  }
  return directory;
}

/**
 * Returns the README of each package under `directory`'s node_modules, including packages that are nested in
 * others. Each README is returned once.
 */
export async function findPackageDocuments(directory: string): Promise<Document[]> {
  const roots = new Set<string>();
  await collectPackages(join(directory, 'node_modules'), roots);
  const found = await Promise.all([...roots].map(packageDocument));
  const documents = found.filter((document) => document !== undefined);
  // Layouts other than pnpm's may install one version of a package several times. One copy is enough.
  return [...new Map(documents.map((document) => [document.name, document])).values()];
}

async function collectPackages(modules: string, roots: Set<string>): Promise<void> {
  for (const name of await namesIn(modules)) {
    const path = join(modules, name);
    if (name === '.pnpm') {
      for (const slot of await namesIn(path)) await collectPackages(join(path, slot, 'node_modules'), roots);
    } else if (name.startsWith('@')) {
      for (const scoped of await namesIn(path)) await collectPackage(join(path, scoped), roots);
    } else if (!name.startsWith('.')) {
      await collectPackage(path, roots);
    }
  }
}

async function collectPackage(path: string, roots: Set<string>): Promise<void> {
  const root = await realpath(path).catch(() => undefined); // The link is broken, so nothing is installed there.
  // A workspace package is also linked into node_modules, but does not count as installed.
  if (!root || roots.has(root) || !root.split(sep).includes('node_modules')) return;
  if (!(await exists(join(root, 'package.json')))) return;
  roots.add(root);
  await collectPackages(join(root, 'node_modules'), roots);
}

async function packageDocument(root: string): Promise<Document | undefined> {
  const readme = (await namesIn(root)).find((name) => /^readme\.(md|markdown)$/i.test(name));
  if (readme === undefined) return undefined;
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Record<string, unknown>;
  const name = `${String(manifest['name'])}@${String(manifest['version'])}`;
  const tree: Tree = { name, root, whole: false, files: filesOf(root) };
  return { name: `${name}/${readme}`, tree, path: readme, file: join(root, readme), isInstalled: true };
}

async function namesIn(directory: string): Promise<string[]> {
  const names: string[] = await readdir(directory).catch(() => []); // The directory does not exist, so there are no names.
  return names.sort((a, b) => (a < b ? -1 : 1));
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined; // A missing and an unreadable file are the same here.
}

function slashes(path: string): string {
  return path.split(sep).join('/');
}

/** Compares the names by their UTF-16 units, so that the order does not depend on the machine's language. */
export function byName(a: Document, b: Document): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
