/**
 * Explains a failed start from the plugin's last output. The output may name a file that exists, but is
 * hidden from the plugin.
 */

import { access, realpath } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ancestors, isWithin } from './paths.ts';

/** How many paths of the output this host looks for, and how many hidden paths the sentence names. */
const most = { looked: 24, named: 3 };

/** Matches a line about a file that could not be opened. */
const refusal =
  /ENOENT|EACCES|[Nn]o such file|[Nn]ot found|[Pp]ermission denied|[Cc]annot (?:open|find|access)|Requires read access|resource:/;

/** A path in quotes, or an absolute path without quotes. */
const pathInLine = /'([^'\n]+)'|"([^"\n]+)"|(\/[^\s'":,;()]+)/g;

/** Node's message about a module that was not found, with the file that imports or requires that module. */
const noModule =
  /Cannot find (?:module|package) '([^'\n]+)'(?: imported from ([^\n]+)|[^\n]*\nRequire stack:\n- ([^\n]+))/g;

/** The endings that Node and other loaders add to the name of a module. */
const endings = ['', '.js', '.cjs', '.mjs', '.json', '.node'];

/**
 * Returns a sentence that names the hidden paths; undefined if `text` names none. `shown` are the real paths
 * that the plugin sees. The plugin wrote `text` and could name any path, so the sentence has only paths that
 * this host has found.
 */
export async function whatIsHidden(
  text: string,
  shown: readonly string[],
  cwd: string,
): Promise<string | undefined> {
  const isShown = (path: string): boolean => shown.some((place) => isWithin(place, path));
  const candidates = [...new Set([...modulesIn(text), ...filesIn(text, cwd)])].slice(0, most.looked);
  const looked = await Promise.all(candidates.map((path) => hiddenPart(path, isShown)));
  const found = [...new Set(looked.filter((path) => path !== undefined))].slice(0, most.named);
  if (found.length === 0) return undefined;
  const [paths, them] = [found.join(', '), found.length === 1 ? 'it' : 'them'];
  return `its standard error names what \`read\` does not show: ${paths}. If the plugin may see ${them}, add ${them} to \`read\``;
}

/** Returns the paths to look at for each module that Node did not find. The nearest path comes first. */
function modulesIn(text: string): string[] {
  return [...text.matchAll(noModule)].flatMap(([, name = '', importer, requirer]) => {
    const from = dirname(toPath((importer ?? requirer ?? '').trim()));
    if (!from.startsWith('/')) return [];
    if (/^(\.|\/|file:)/.test(name)) return endings.map((ending) => resolve(from, toPath(name)) + ending);
    const inside = name.split('/', name.startsWith('@') ? 2 : 1).join('/');
    return ancestors(from).map((directory) => join(directory, 'node_modules', inside));
  });
}

function filesIn(text: string, cwd: string): string[] {
  return text
    .split('\n')
    .filter((line) => refusal.test(line))
    .flatMap((line) => [...line.matchAll(pathInLine)].map(([, a, b, c]) => toPath(a ?? b ?? c ?? '')))
    .filter((path) => /[./]/.test(path))
    .map((path) => resolve(cwd, path));
}

/**
 * If `path` exists and is hidden from the plugin, returns the path to list in `read`. A path is hidden if it
 * is not listed, or if it is a link to a path that is not listed.
 */
async function hiddenPart(path: string, isShown: (path: string) => boolean): Promise<string | undefined> {
  try {
    await access(path);
    const real = await realpath(path);
    const hidden = isShown(path) ? real : path;
    // These places are never granted.
    if (isShown(real) || /^\/(proc|sys|dev)\/|^\/$/.test(hidden)) return undefined;
    // Packages need each other, so the plugin needs the whole node_modules directory.
    return /^.*?\/node_modules(?=\/|$)/.exec(hidden)?.[0] ?? hidden;
  } catch {
    return undefined;
  }
}

function toPath(name: string): string {
  try {
    return name.startsWith('file:') ? fileURLToPath(name) : name;
  } catch {
    return name;
  }
}
