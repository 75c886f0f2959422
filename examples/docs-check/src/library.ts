/** Lets plugins look at trees of files, and at nothing outside of these trees. */
import type { Entry, Library } from 'docs-check-contract';
import type { Dirent } from 'node:fs';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

/** One tree. */
export interface TreeFiles {
  look(path: string): Promise<Entry>;
  read(path: string): Promise<string>;
}

/** Returns the service, which finds each tree by its name. */
export function libraryOf(trees: Iterable<{ name: string; files: TreeFiles }>): Library {
  const byName = new Map([...trees].map(({ name, files }) => [name, files]));
  const filesOf = (tree: string): TreeFiles => {
    const files = byName.get(tree);
    if (files === undefined) throw new Error(`there is no tree ${tree}`);
    return files;
  };
  return {
    look: async (tree, path) => filesOf(tree).look(path),
    read: async (tree, path) => filesOf(tree).read(path),
  };
}

export function filesOf(root: string): TreeFiles {
  // Keeps each listing, because most links of a tree lead into the same few directories. A run therefore sees
  // only one state of each directory.
  const listings = new Map<string, Promise<Map<string, Dirent>>>();

  function list(directory: string): Promise<Map<string, Dirent>> {
    let listing = listings.get(directory);
    if (!listing) listings.set(directory, (listing = readListing(join(root, directory))));
    return listing;
  }

  async function look(path: string): Promise<Entry> {
    let found: Entry = { kind: 'directory', path: '' };
    for (const part of path.split('/').filter((part) => part !== '' && part !== '.')) {
      if (part === '..') return { kind: 'outside', path };
      if (found.kind !== 'directory') return { kind: 'missing', path };
      const listing = await list(found.path);
      const name = listing.has(part) ? part : nameInOtherCase(part, listing);
      const dirent = name === undefined ? undefined : listing.get(name);
      if (name === undefined || !dirent) return { kind: 'missing', path };
      found = { kind: await kindOf(dirent, join(root, found.path, name)), path: joinPath(found.path, name) };
    }
    return found;
  }

  async function read(path: string): Promise<string> {
    const entry = await look(path);
    if (entry.kind !== 'file') throw new Error(`${path} cannot be read: it is ${entry.kind} in this tree`);
    const file = await realpath(join(root, entry.path));
    const inside = relative(await realpath(root), file);
    if (inside.startsWith(`..${sep}`))
      throw new Error(`${path} is a symbolic link that leads out of the tree`);
    return readFile(file, 'utf8');
  }

  return { look, read };
}

async function readListing(directory: string): Promise<Map<string, Dirent>> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []); // The directory is unreadable, so there is nothing to link to.
  return new Map(entries.map((entry) => [entry.name.normalize('NFC'), entry]));
}

function nameInOtherCase(part: string, listing: Map<string, Dirent>): string | undefined {
  const lower = part.normalize('NFC').toLowerCase();
  return [...listing.keys()].find((name) => name.toLowerCase() === lower);
}

async function kindOf(entry: Dirent, path: string): Promise<Entry['kind']> {
  if (!entry.isSymbolicLink()) return entry.isDirectory() ? 'directory' : 'file';
  // A broken symbolic link counts as a missing file.
  const target = await stat(path).catch(() => undefined);
  if (!target) return 'missing';
  return target.isDirectory() ? 'directory' : 'file';
}

function joinPath(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}
