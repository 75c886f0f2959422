// Decides which files of the repository are pages of the site, their names, and their order in the sidebar.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * The sidebar of the guide. A page of `docs/` that no section names is put at the end of the section `Guide`.
 */
const sections = [
  { title: 'Start', names: ['first-plugin'] },
  {
    title: 'Guide',
    names: [
      'calls',
      'lifecycle',
      'testing-plugins',
      'fleet',
      'isolation',
      'cli',
      'debugging',
      'other-languages',
      'packaged-hosts',
    ],
  },
  {
    title: 'Look up',
    names: ['errors', 'environments', 'reliability', 'protocol', 'yamux', 'comparison', 'go-plugin'],
  },
];

/** Pages whose files are in the root of the repository. */
const others = ['SECURITY.md', 'UPGRADING.md', 'CHANGELOG.md', 'ARCHITECTURE.md'];

/** The order of the packages. Other packages come after these, sorted by name. */
const packageOrder = ['core', 'fleet', 'testkit', 'isolate', 'otel', 'cli', 'mux'];

/** Returns the folders of the packages, in the order of the sidebar. */
export function packageFolders() {
  const rank = (name) => (packageOrder.includes(name) ? packageOrder.indexOf(name) : packageOrder.length);
  return readdirSync(join(root, 'packages')).toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

const markdownIn = (folder) => readdirSync(join(root, folder)).filter((name) => name.endsWith('.md'));
const read = (source) => readFileSync(join(root, source), 'utf8');
export const titleOf = (source) => /^# (.+)$/m.exec(read(source))?.[1]?.replaceAll('`', '') ?? source;

/** Returns the name of the page that shows a file of the repository: `docs/calls.md` is `calls.md`. */
export function pageOf(source) {
  if (source === 'README.md') return 'index.md';
  if (source.startsWith('packages/')) return `packages/${source.split('/')[1]}.md`;
  return source
    .replace(/^docs\//, '')
    .replace(/README\.md$/, 'index.md')
    .toLowerCase();
}

/** Returns the sections of the guide, each with the files of the repository that are its pages. */
export function guide() {
  const listed = new Set(sections.flatMap(({ names }) => names));
  const missing = [...listed].filter((name) => !existsSync(join(root, `docs/${name}.md`)));
  if (missing.length > 0)
    throw new Error(`site/pages.mjs lists pages that docs/ does not have: ${missing.join(', ')}`);
  const unlisted = markdownIn('docs')
    .map((name) => name.slice(0, -'.md'.length))
    .filter((name) => !listed.has(name));
  return [
    ...sections.map(({ title, names }) => ({
      title,
      sources: [...names, ...(title === 'Guide' ? unlisted : [])].map((name) => `docs/${name}.md`),
    })),
    {
      title: 'Packages',
      sources: packageFolders()
        .map((name) => `packages/${name}/README.md`)
        .filter((source) => existsSync(join(root, source))),
    },
    { title: 'Project', sources: others },
    {
      title: 'Decisions',
      collapsed: true,
      sources: markdownIn('docs/decisions')
        .toSorted((a, b) => Number(b === 'README.md') - Number(a === 'README.md'))
        .map((name) => `docs/decisions/${name}`),
    },
  ];
}

/** The sidebar of the guide, in the form that VitePress expects. */
export const guideSidebar = () =>
  guide().map(({ title, sources, collapsed }) => ({
    text: title,
    ...(collapsed === undefined ? {} : { collapsed }),
    items: sources.map((source) => ({ text: titleOf(source), link: `/${pageOf(source)}` })),
  }));

let known;

/**
 * Returns a map from each file that is a page to the name of the page. The page of the repository's README is
 * the home page.
 */
export function sourcePages() {
  known ??= new Map(guide().flatMap(({ sources }) => sources.map((source) => [source, pageOf(source)])));
  return known;
}

/** Returns a section of a page: a heading of the second level, and everything up to the next such heading. */
export function sectionOf(source, title) {
  const section = read(source)
    .split(/^(?=## )/m)
    .find((text) => text.startsWith(`## ${title}\n`));
  if (section === undefined) throw new Error(`${source} has no section called ${title}`);
  return section;
}

/**
 * Returns where a relative link of a file leads: to a page, or to a path of the repository. Returns undefined
 * if nothing is there.
 */
export function targetOf(source, path) {
  const target = posix.join(posix.dirname(source), path).replace(/\/$/, '');
  const pages = sourcePages();
  for (const candidate of [target, `${target}/README.md`]) {
    if (candidate === 'README.md' || pages.has(candidate)) return { page: pageOf(candidate) };
  }
  return existsSync(join(root, target)) ? { file: target } : undefined;
}
