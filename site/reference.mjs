// Makes the reference. TypeDoc reads the sources of every entry that a package publishes, and writes a Markdown
// page for each export.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Application, Converter, LogLevel, ReflectionKind } from 'typedoc';
import { MarkdownPageEvent } from 'typedoc-plugin-markdown';
import { repository } from './address.mjs';
import { packageFolders, root } from './pages.mjs';

/**
 * The word for an export's kind in the heading of its page. A function's heading has parentheses instead of a
 * word.
 */
const kinds = { Class: 'class', Interface: 'interface', 'Type Alias': 'type', Variable: 'constant' };

/** The groups of the sidebar, in their order. */
const groups = [
  ['Functions', ReflectionKind.Function],
  ['Classes', ReflectionKind.Class],
  ['Constants', ReflectionKind.Variable | ReflectionKind.Enum],
  ['Interfaces', ReflectionKind.Interface],
  ['Types', ReflectionKind.TypeAlias],
];

/**
 * Returns every published entry that is written in TypeScript, with the specifier that users import and the
 * source file.
 */
export function entries() {
  return packageFolders().flatMap((folder) => {
    const { name, exports = {} } = JSON.parse(
      readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8'),
    );
    return Object.entries(exports)
      .filter(([, target]) => target['@pipework/source'] !== undefined)
      .map(([subpath, target]) => ({
        name: name + subpath.slice(1),
        source: join(root, 'packages', folder, target['@pipework/source']),
      }));
  });
}

/**
 * Writes the pages into a folder and returns the sidebars by path, in the form that VitePress expects. Throws
 * if TypeDoc reports an error or a warning, such as a `{@link}` that leads nowhere.
 */
export async function writeReference(folder) {
  const all = entries();
  const { project, urls } = await convert(all, folder);
  const modules = all.map(({ name }) => project.children.find((module) => module.name === name));
  for (const module of modules) tableReexports(module, urls, folder);
  return sidebars(modules, urls);
}

async function convert(all, folder) {
  // If two entries have the same export, TypeDoc puts the export into the entry that it reads first. So
  // TypeDoc must read the mux first, although the mux is last in the sidebar.
  const isMux = ({ name }) => name.startsWith('@pipework/mux');
  const lowestFirst = [...all.filter(isMux), ...all.filter((entry) => !isMux(entry))];
  const app = await Application.bootstrapWithPlugins({
    ...whatIsRead,
    ...howItLooks,
    entryPoints: lowestFirst.map(({ source }) => source),
    outputs: [{ name: 'markdown', path: folder }],
  });
  const nameOf = new Map(all.map(({ name, source }) => [source, name]));
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.getReflectionsByKind(ReflectionKind.Module)) {
      module.name = nameOf.get(project.getSymbolIdFromReflection(module)?.fileName) ?? module.name;
    }
  });
  // Removes the value of a constant whose type is a literal, because the value only repeats the type.
  app.converter.on(Converter.EVENT_RESOLVE, (_, reflection) => {
    if (reflection.type?.type === 'literal') delete reflection.defaultValue;
  });
  const project = await app.convert();
  if (project === undefined) throw new Error('TypeDoc could not read the sources');
  app.validate(project);
  const urls = new Map();
  app.renderer.on(MarkdownPageEvent.END, ({ model, url }) => urls.set(model, url));
  await app.generateOutputs(project);
  if (app.logger.hasWarnings() || app.logger.hasErrors()) throw new Error('TypeDoc complains: see above');
  return { project, urls };
}

const whatIsRead = {
  tsconfig: join(root, 'site/tsconfig.json'),
  plugin: ['typedoc-plugin-markdown'],
  basePath: root,
  readme: 'none',
  logLevel: LogLevel.Warn,
  // `pnpm check` compiles the sources, so TypeDoc need not check them again.
  skipErrorChecking: true,
  excludeInternal: true,
  excludePrivate: true,
  excludeProtected: true,
  excludeExternals: true,
  validation: { invalidLink: true, notExported: false, notDocumented: false, rewrittenLink: true },
  sort: ['source-order'],
  sortEntryPoints: false,
  ...(repository === undefined
    ? { disableSources: true }
    : { sourceLinkTemplate: `${repository}/blob/main/{path}#L{line}`, disableGit: true }),
};

const howItLooks = {
  name: 'Reference',
  router: 'member',
  entryFileName: 'index',
  excludeScopesInPaths: true,
  hideBreadcrumbs: true,
  hidePageHeader: true,
  pageTitleTemplates: {
    index: ({ projectName }) => projectName,
    module: ({ name }) => name,
    member: ({ rawName, kind }) => rawName.replace(/<.*/, '') + (kind in kinds ? ` (${kinds[kind]})` : ''),
  },
  useCodeBlocks: true,
  useHTMLEncodedBrackets: true,
  sanitizeComments: true,
  indexFormat: 'table',
  parametersFormat: 'table',
  typeDeclarationFormat: 'table',
  tableColumnSettings: { hideSources: true, hideInherited: true, hideOverrides: true, hideModifiers: true },
};

/**
 * Lists the names that an entry re-exports from another entry, with their summaries, in one table. TypeDoc
 * would make a heading for each name.
 */
function tableReexports(module, urls, folder) {
  const file = join(folder, urls.get(module));
  const [own] = readFileSync(file, 'utf8').split('\n## References\n');
  const again = module.children.filter((child) => child.kindOf(ReflectionKind.Reference));
  const rows = again
    .map((reference) => reference.getTargetReflectionDeep())
    .map((target) => `| [${target.name}](/reference/${urls.get(target)}) | ${summaryOf(target)} |`);
  const table = ['', '## Also exported here', '', '| Name | Description |', '| --- | --- |', ...rows, ''];
  writeFileSync(file, own + (rows.length > 0 ? table.join('\n') : ''));
}

/** Returns the first paragraph of a docstring, in one line. */
function summaryOf(target) {
  const comment = target.comment ?? target.signatures?.[0]?.comment;
  const text = comment?.summary.map(({ text }) => text).join('') ?? '';
  return text.split('\n\n')[0].replaceAll('\n', ' ').replaceAll('|', '\\|');
}

/** Returns a sidebar for each entry. A sidebar lists all entries, and the exports of its own entry. */
function sidebars(modules, urls) {
  const link = (reflection) => `/reference/${urls.get(reflection)}`;
  const items = (module) =>
    groups.map(([text, kind]) => ({
      text,
      items: module.children
        .filter((child) => child.kindOf(kind))
        .map((child) => ({ text: child.name, link: link(child) }))
        .toSorted((a, b) => a.text.localeCompare(b.text, 'en')),
    }));
  const sidebarOf = (open) =>
    modules.map((module) => ({
      text: module.name,
      link: link(module),
      ...(module === open ? { items: items(module).filter((group) => group.items.length > 0) } : {}),
    }));
  return Object.fromEntries([
    ['/reference/', sidebarOf(undefined)],
    ...modules.map((module) => [
      `/reference/${urls.get(module).replace(/index\.md$/, '')}`,
      sidebarOf(module),
    ]),
  ]);
}
