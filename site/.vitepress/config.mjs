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
 * The version that the pages describe: the latest one in the changelog. The packages get the same number when
 * this version is released.
 */
const [, version] = /^## (.+)$/m.exec(text('../../CHANGELOG.md'));

/** Shows indented code like fenced code, in a box that scrolls sideways while the page stands still. */
function indentedCode(md) {
  md.core.ruler.push('indented-code', ({ tokens }) => {
    for (const token of tokens)
      if (token.type === 'code_block') Object.assign(token, { type: 'fence', info: '' });
  });
}

// The next two functions also run in the browser, which gets only their source text. So these functions must
// not use other names of this file.

/** Returns the form in which the index holds a word, or null for a word without meaning, such as "the". */
const processTerm = (term) =>
  /^(?:an?|and|do|for|from|how|i|in|is|it|my|of|on|or|the|to|with)$/i.test(term) ? null : term.toLowerCase();

/**
 * Returns the weight of a page in the search. The guide ranks above the reference, the decisions, the
 * changelog and other background pages, because all these pages contain the same words.
 */
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
  // A page is fetched only after a click on its link. A sidebar of the reference shows thirty links, and
  // fetching all their pages early would cost more than it gains.
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
  // Allows a large chunk, because the index of the search is one file. A browser fetches this file only when
  // a reader opens the search.
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
