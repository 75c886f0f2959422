/** Runs a checker on pages that exist only in a test. */
import type { Checker, Entry, Finding, Library, Page, Report } from 'docs-check-contract';

/**
 * Returns a library of one tree. `files` has the text of each file, by path, and also implies the
 * directories. Like the host's library, this one finds a file if only the case of the path differs.
 */
export function libraryOf(files: Record<string, string>): Library {
  const known = new Map<string, Entry>([['', { kind: 'directory', path: '' }]]);
  for (const path of Object.keys(files)) {
    known.set(path, { kind: 'file', path });
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1))
      known.set(path.slice(0, at), { kind: 'directory', path: path.slice(0, at) });
  }
  return {
    async look(_tree, path) {
      if (path.startsWith('..')) return { kind: 'outside', path };
      const other = [...known.keys()].find((key) => key.toLowerCase() === path.toLowerCase());
      return known.get(path) ?? (other === undefined ? { kind: 'missing', path } : known.get(other)!);
    },
    async read(_tree, path) {
      const text = files[path];
      if (text === undefined) throw new Error(`${path} is no file`);
      return text;
    },
  };
}

export type CheckerClass = new (library: Library) => Checker;

export async function reportsOn(
  Class: CheckerClass,
  text: string,
  files: Record<string, string> = {},
  page: Partial<Page> = {},
): Promise<Report[]> {
  const whole: Page = { tree: 'test', whole: true, path: 'README.md', text, ...page };
  const reports: Report[] = [];
  const checker = new Class(libraryOf({ ...files, [whole.path]: text }));
  for await (const report of checker.check(whole)) reports.push(report);
  return reports;
}

/** Returns findings as `line:column rule`, in the order of places. */
export async function placesOf(...given: Parameters<typeof reportsOn>): Promise<string[]> {
  return (await findingsOf(...given)).map(({ line, column, rule }) => `${line}:${column} ${rule}`);
}

export async function findingsOf(...given: Parameters<typeof reportsOn>): Promise<Finding[]> {
  return (await reportsOn(...given))
    .filter((report) => report.type === 'finding')
    .sort((a, b) => a.line - b.line || a.column - b.column);
}
