/**
 * Makes a folder from a template of `templates/`. The new workspace's name replaces the template's name in
 * each file.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const languages = ['typescript', 'javascript'] as const;
export type Language = (typeof languages)[number];

/**
 * A template is itself a workspace, so a build or an install can make these folders in it. They are not
 * copied.
 */
const leftovers = new Set(['node_modules', 'dist']);

/** Files that are renamed, because npm does not publish a `.gitignore`. */
const published: Readonly<Record<string, string>> = { _gitignore: '.gitignore' };

/**
 * Returns the template's folder. `templates` is beside both `src` and `dist`, so the path is the same for
 * sources and for the build.
 */
const folderOf = (language: Language): string =>
  fileURLToPath(new URL(`../templates/${language}`, import.meta.url));

export interface TemplateOptions {
  readonly language: Language;
  /** The name of the workspace, and the scope of its packages. */
  readonly name: string;
  /** The version of pipework's packages on which the workspace depends. */
  readonly version: string;
}

/**
 * Writes the files into the folder `target`, which need not exist. Returns their paths, relative to `target`.
 */
export function writeTemplate(target: string, options: TemplateOptions): string[] {
  const source = folderOf(options.language);
  return filesIn(source).map((path) => {
    const named = renamed(path);
    const file = join(target, named);
    makeFolder(dirname(file));
    writeFileSync(file, filled(readFileSync(join(source, path), 'utf8'), options), { flag: 'wx' });
    return named;
  });
}

/**
 * Makes a folder and its missing parents. The option `recursive` of `mkdirSync()` is not used, because in
 * Node 20 such a call never returns in a place that allows no folders, such as /proc.
 */
function makeFolder(path: string): void {
  const above = dirname(path);
  if (!existsSync(above) && above !== path) makeFolder(above);
  if (!existsSync(path)) mkdirSync(path);
}

function* walk(folder: string, path = ''): Generator<string, void, undefined> {
  for (const name of readdirSync(join(folder, path)).toSorted()) {
    if (leftovers.has(name)) continue;
    const below = join(path, name);
    if (statSync(join(folder, below)).isDirectory()) yield* walk(folder, below);
    else yield below;
  }
}

const filesIn = (folder: string): string[] => [...walk(folder)];

function renamed(path: string): string {
  const name = published[basename(path)];
  return name === undefined ? path : join(path, '..', name);
}

/**
 * Replaces the name `LANGUAGE-app` of a template, and the versions of pipework's packages. In a template
 * these versions are `workspace:*`, because the template is developed in pipework's repository.
 */
function filled(text: string, { language, name, version }: TemplateOptions): string {
  return text
    .replaceAll(`${language}-app`, name)
    .replaceAll(/("@pipework\/\w+": )"workspace:\*"/g, `$1"^${version}"`);
}
