/**
 * The report for a person: findings page by page, a summary of packages, crashes of plugins, and the table.
 */
import type { Summary, PageSummary, PluginSummary } from './summary.ts';
import type { Mishap } from './outcome.ts';
import { count, harmless, pad, table, type Paint } from './text.ts';

/** The maximum lengths of the report's lists. A reader would learn less from longer lists. */
const mostPackages = 10;
const mostHardPages = 3;
const stderrLines = 8;

export interface ReportOptions {
  paint: Paint;
  /** True if the report also lists the findings in installed packages one by one. */
  all: boolean;
  elapsedMs: number;
}

export function report(summary: Summary, options: ReportOptions): string {
  const { paint, all } = options;
  const own = summary.pages.filter((page) => all || !page.document.isInstalled);
  const packages = summary.pages.filter((page) => !all && page.document.isInstalled);
  return [
    ...own.filter((page) => page.findings.length > 0).map((page) => listFindings(page, paint)),
    listPackages(packages, paint),
    listHardPages(summary.pages, paint),
    ...summary.plugins.flatMap((plugin) => plugin.mishaps.map((mishap) => tellMishap(plugin, mishap, paint))),
    pluginTable(summary.plugins, paint),
    closingLine(summary, options),
  ]
    .filter((section) => section !== '')
    .join('\n\n');
}

function listFindings({ document, findings }: PageSummary, paint: Paint): string {
  const places = findings.map((finding) => `${finding.line}:${finding.column}`);
  const width = Math.max(...places.map((place) => place.length));
  const lines = findings.map(({ severity, plugin, rule, message }, index) => {
    const level = paint(severity === 'error' ? 'red' : 'yellow', pad(severity, 7));
    const name = paint('dim', `${plugin}/${harmless(rule)}`);
    return `  ${pad(places[index] ?? '', width, 'right')}  ${level}  ${harmless(message)}  ${name}`;
  });
  return [paint('underline', harmless(document.name)), ...lines].join('\n');
}

function listPackages(pages: PageSummary[], paint: Paint): string {
  const worst = pages
    .filter((page) => page.findings.length > 0)
    .sort((a, b) => b.errors - a.errors || b.warnings - a.warnings);
  if (worst.length === 0) return '';
  const rows = worst.slice(0, mostPackages).map((page) => {
    const rules = [...new Set(page.findings.map((finding) => harmless(finding.rule)))].sort();
    return [harmless(page.document.name), String(page.errors), String(page.warnings), rules.join(', ')];
  });
  const columns = [
    { title: 'Installed package' },
    { title: 'Errors', align: 'right' as const },
    { title: 'Warnings', align: 'right' as const },
    { title: 'What' },
  ];
  const more = worst.length - rows.length;
  const hint = more > 0 ? `and ${more} more; --all lists every finding` : '--all lists every finding';
  return `${table(columns, rows, paint)}\n${paint('dim', hint)}`;
}

function listHardPages(pages: PageSummary[], paint: Paint): string {
  const rows = pages
    .filter((page) => !page.document.isInstalled)
    .flatMap(({ document, readability }) =>
      readability?.ease === undefined ? [] : [{ document, ...readability }],
    )
    .sort((a, b) => (a.ease ?? 0) - (b.ease ?? 0))
    .slice(0, mostHardPages)
    .map(({ document, ease, words, sentences, minutes }) => [
      harmless(document.name),
      (ease ?? 0).toFixed(0),
      words.toLocaleString('en'),
      sentences.toLocaleString('en'),
      `${Math.max(1, Math.round(minutes))} min`,
    ]);
  if (rows.length === 0) return '';
  const titles = ['Flesch ease', 'Words', 'Sentences', 'Reading'];
  return table(
    [{ title: 'Hardest to read' }, ...titles.map((title) => ({ title, align: 'right' as const }))],
    rows,
    paint,
  );
}

function tellMishap(plugin: PluginSummary, { documents, what, stderr }: Mishap, paint: Paint): string {
  const [reason = '', ...notes] = what.split('\n').map(harmless);
  const names = documents.map((document) => harmless(document.name)).join(', ');
  const tail = stderr.split('\n').map(harmless);
  const lines = tail.filter((line) => line !== '').slice(-stderrLines);
  return [
    paint(['red', 'bold'], `plugin ${plugin.name} ${reason}${names && ` at ${names}`}`),
    ...notes.map((note) => `  ${note}`),
    ...lines.map((line) => paint('dim', `  │ ${line}`)),
  ].join('\n');
}

function pluginTable(plugins: PluginSummary[], paint: Paint): string {
  const right = (title: string): { title: string; align: 'right' } => ({ title, align: 'right' });
  const columns = [
    { title: 'Plugin' },
    { title: 'Looks at' },
    right('Pages'),
    right('Errors'),
    right('Warnings'),
    right('Time'),
    { title: 'Saw' },
  ];
  const rows = plugins.map((plugin) => [
    plugin.name,
    harmless(plugin.title),
    plugin.checked.toLocaleString('en'),
    plugin.errors.toLocaleString('en'),
    plugin.warnings.toLocaleString('en'),
    `${(plugin.elapsedMs / 1000).toFixed(1)} s`,
    seen(plugin),
  ]);
  return table(columns, rows, paint);
}

function seen({ counts, mishaps, unchecked, restarts }: PluginSummary): string {
  const parts = Object.entries(counts).map(
    ([of, number]) => `${harmless(of)} ${number.toLocaleString('en')}`,
  );
  if (mishaps.length > 0) parts.push(count(mishaps.length, 'mishap'));
  if (restarts > 0) parts.push(`started again ${['once', 'twice'][restarts - 1] ?? `${restarts} times`}`);
  if (unchecked > 0) parts.push(`${count(unchecked, 'page')} not checked`);
  return parts.join(', ');
}

function closingLine(summary: Summary, { elapsedMs, paint }: ReportOptions): string {
  const parts = [
    count(summary.pages.length, 'page'),
    count(summary.plugins.length, 'plugin'),
    paint(summary.errors > 0 ? 'red' : 'green', count(summary.errors, 'error')),
    count(summary.warnings, 'warning'),
  ];
  return `${parts.join(', ')} in ${(elapsedMs / 1000).toFixed(1)} s`;
}

/**
 * Returns the report as JSON, for a program. Times are left out, so that two runs over the same files give
 * the same text.
 */
export function reportAsJson({ pages, plugins, errors, warnings }: Summary): string {
  return JSON.stringify(
    {
      errors,
      warnings,
      pages: pages.map(({ document, findings, readability }) => ({
        name: document.name,
        findings: findings.map((finding) => ({ ...finding, type: undefined })),
        ...(readability && { readability: { ...readability, type: undefined } }),
      })),
      plugins: plugins.map(({ mishaps, ...plugin }) => ({
        ...plugin,
        elapsedMs: undefined,
        mishaps: mishaps.map((mishap) => ({
          ...mishap,
          documents: mishap.documents.map(({ name }) => name),
        })),
      })),
    },
    undefined,
    2,
  );
}
