// `pnpm docs:build`: makes the site in `site/dist/site` from the repository's pages and the docstrings. The
// command needs no network, and the packages need not be built.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vitepress';
import { root, sectionOf, sourcePages } from './pages.mjs';
import { writeReference } from './reference.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const pages = join(here, 'dist/pages');

/**
 * Returns the home page: the text of `home.md`, in which each comment `README: …` is replaced by the section
 * of the README that the comment names.
 */
const home = () =>
  readFileSync(join(here, 'home.md'), 'utf8').replaceAll(/<!-- README: (.+) -->/g, (_, title) =>
    sectionOf('README.md', title),
  );

rmSync(pages, { recursive: true, force: true });
for (const [source, page] of sourcePages()) {
  mkdirSync(dirname(join(pages, page)), { recursive: true });
  cpSync(join(root, source), join(pages, page));
}
writeFileSync(join(pages, 'index.md'), home());
cpSync(join(here, 'public'), join(pages, 'public'), { recursive: true });
const sidebar = await writeReference(join(pages, 'reference'));
writeFileSync(join(here, 'dist/reference-sidebar.json'), JSON.stringify(sidebar));
await build(here);
