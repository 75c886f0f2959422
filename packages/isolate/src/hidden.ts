/**
 * Explains a failed start from the plugin's last output. The output may name a file that exists, but is
 * hidden from the plugin.
 */

import { access, realpath } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ancestors, isWithin, neverGranted } from './paths.ts';

const most = {
  /** Longer lines are skipped, because Linux opens no path of more than 4,096 bytes. */
  lineCharacters: 8_192,
  /** How many paths are taken from the output. */
  considered: 240,
  /** How many different paths the host looks for in its file system. */
  looked: 24,
  /** How many hidden paths the sentence for the user names. */
  named: 3,
};

/** Matches a line about a file that could not be opened. */
const refusal =
  /ENOENT|EACCES|[Nn]o such file|[Nn]ot found|[Pp]ermission denied|[Cc]annot (?:open|find|access)|Requires read access|resource:/;

/** A path in quotes, or an absolute path without quotes. */
const pathInLine = /'([^'\n]+)'|"([^"\n]+)"|(\/[^\s'":,;()]+)/g;

/** Node's message about a module that was not found, with the file that imports the module. */
const noModule = /Cannot find (?:module|package) '([^']+)'(?: imported from (.+))?/;

/** The two lines that follow Node's message if a file requires the module. The second line has the file. */
const [requiredBy, requirer] = ['Require stack:', /^- (.+)/];

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
  const looked = await Promise.all(pathsIn(text, cwd).map((path) => hiddenPart(path, isShown)));
  const found = [...new Set(looked.filter((path) => path !== undefined))].slice(0, most.named);
  if (found.length === 0) return undefined;
  const [paths, them] = [found.join(', '), found.length === 1 ? 'it' : 'them'];
  return `its standard error names what \`read\` does not show: ${paths}. If the plugin may see ${them}, add ${them} to \`read\``;
}

/**
 * Returns the paths to look at, at most `most.looked` of them. The cost is at most proportional to the length
 * of `text`, whatever the plugin has written.
 */
export function pathsIn(text: string, cwd: string): string[] {
  const lines = text.split('\n').filter((line) => line.length <= most.lineCharacters);
  const paths = new Set<string>();
  let left = most.considered;
  for (const found of [modulesIn(lines), filesIn(lines, cwd)])
    for (const path of found) {
      paths.add(path);
      if (paths.size === most.looked || --left === 0) return [...paths];
    }
  return [...paths];
}

/** Finds the paths to look at for each module that Node did not find. The nearest path comes first. */
function* modulesIn(lines: readonly string[]): Generator<string> {
  for (const [index, line] of lines.entries()) {
    const [, name = '', importer] = noModule.exec(line) ?? [];
    const required = lines[index + 1] === requiredBy ? requirer.exec(lines[index + 2] ?? '')?.[1] : undefined;
    const from = dirname(toPath((importer ?? required ?? '').trim()));
    if (name === '' || !from.startsWith('/')) continue;
    if (/^(\.|\/|file:)/.test(name)) {
      const path = resolve(from, toPath(name));
      yield* endings.map((ending) => path + ending);
      continue;
    }
    const inside = name.split('/', name.startsWith('@') ? 2 : 1).join('/');
    for (const directory of ancestors(from, most.looked)) yield join(directory, 'node_modules', inside);
  }
}

function* filesIn(lines: readonly string[], cwd: string): Generator<string> {
  for (const line of lines) {
    if (!refusal.test(line)) continue;
    for (const [, a, b, c] of line.matchAll(pathInLine)) {
      const path = toPath(a ?? b ?? c ?? '');
      if (/[./]/.test(path)) yield resolve(cwd, path);
    }
  }
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
    if (isShown(real) || hidden === '/' || neverGranted(path, real) !== undefined) return undefined;
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
