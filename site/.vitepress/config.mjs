import { readFileSync } from 'node:fs';
import { slug } from 'github-slugger';
import { defineConfig } from 'vitepress';
import { base, repository } from '../address.mjs';
import { repositoryLinks } from '../links.mjs';
import { guideSidebar } from '../pages.mjs';
import { wordsOf } from '../words.mjs';

const json = (path) => JSON.parse(text(path));
const text = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
/**
 * The version that the pages describe, as the changelog names it. The packages get the same number when the
 * version is released.
 */
const [, version] = /^## (.+)$/m.exec(text('../../CHANGELOG.md'));

/** Shows indented code in the same way as fenced code: in a box that scrolls by itself. */
function indentedCode(md) {
  md.core.ruler.push('indented-code', ({ tokens }) => {
    for (const token of tokens)
      if (token.type === 'code_block') Object.assign(token, { type: 'fence', info: '' });
  });
}

// The next two functions also run in the browser, which gets only their text. So they must use nothing else
// of this file.

/** Returns a word of a search as the index has it, or null for a word that says nothing, such as "the". */
const processTerm = (term) =>
  /^(?:an?|and|do|for|from|how|i|in|is|it|my|of|on|or|the|to|with)$/i.test(term) ? null : term.toLowerCase();

/** Ranks pages that explain above the history, the decisions and the reference, which have the same words. */
function boostDocument(id) {
  if (id.includes('/reference/')) return 0.4;
  return /\/(?:decisions\/|(?:architecture|changelog|protocol|reliability|yamux)\.)/.test(id) ? 0.5 : 1;
}

export default defineConfig({
  title: 'pipework',
  description:
    'The plugin runtime for TypeScript: each plugin its own process, typed calls and streams over two pipes.',
  lang: 'en',
  base,
  srcDir: 'dist/pages',
  outDir: 'dist/site',
  cacheDir: 'dist/cache',
  // The sidebars are in one file, not in every page.
  metaChunk: true,
  // Pages are not fetched before a click. A sidebar of the reference shows thirty links, and to fetch all
  // their pages costs more than it gains.
  router: { prefetchLinks: false },
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: `${base}mark.svg` }]],
  markdown: {
    // Headings get the same anchors as on a code host, because the pages link to those anchors.
    anchor: { slugify: slug },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    config: (md) => {
      repositoryLinks(md);
      indentedCode(md);
    },
  },
  // The search's index is one file, which is fetched when the search is opened.
  vite: { build: { chunkSizeWarningLimit: 2_000 } },
  themeConfig: {
    logo: '/mark.svg',
    nav: [
      { text: 'Guide', link: '/first-plugin', activeMatch: '^/(?!reference/|errors|changelog|$)' },
      { text: 'Reference', link: '/reference/', activeMatch: '/reference/' },
      { text: 'Errors', link: '/errors' },
      { text: `v${version}`, link: '/changelog' },
    ],
    sidebar: { '/': guideSidebar(), ...json('../dist/reference-sidebar.json') },
    outline: [2, 3],
    search: {
      provider: 'local',
      options: {
        miniSearch: {
          options: {
            fields: ['title', 'titles', 'text', 'words'],
            extractField: (section, field) => (field === 'words' ? wordsOf(section.id) : section[field]),
            processTerm,
          },
          searchOptions: { boost: { title: 4, words: 4, text: 2, titles: 1 }, boostDocument },
        },
      },
    },
    ...(repository === undefined ? {} : { socialLinks: [{ icon: 'git', link: repository }] }),
    footer: { message: 'Released under the MIT License.' },
  },
});
