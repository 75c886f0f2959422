import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { runVitest } from './support/run.ts';

const folder = fileURLToPath(new URL('./fixtures/coverage', import.meta.url));

interface FileCoverage {
  readonly path: string;
  readonly fnMap: Readonly<Record<string, { readonly name: string }>>;
  readonly f: Readonly<Record<string, number>>;
  readonly s: Readonly<Record<string, number>>;
  readonly b: Readonly<Record<string, readonly number[]>>;
}

/** Runs the suite as `vitest run --coverage`. Returns the coverage of each file, by the file's name. */
async function cover(): Promise<Record<string, FileCoverage | undefined>> {
  const reports = mkdtempSync(join(tmpdir(), 'pipework-coverage-'));
  onTestFinished(() => {
    rmSync(reports, { recursive: true });
  });
  const { status, output } = await runVitest(
    folder,
    ...['--coverage', `--coverage.reportsDirectory=${reports}`, '--pool=threads'],
  );
  expect(status, output).toBe(0);
  const report = JSON.parse(readFileSync(join(reports, 'coverage-final.json'), 'utf8')) as Record<
    string,
    FileCoverage
  >;
  return Object.fromEntries(Object.values(report).map((file) => [basename(file.path), file]));
}

const callsOf = (file: FileCoverage | undefined): Record<string, number | undefined> =>
  Object.fromEntries(Object.entries(file?.fnMap ?? {}).map(([key, { name }]) => [name, file?.f[key]]));

// `reliability/runners.mjs` makes a report with processes instead of threads, under Vitest 4 and 5.
test('a report counts code that ran in plugin processes', async () => {
  const files = await cover();
  expect(Object.keys(files).sort()).toEqual(['greeter.mjs', 'never-used.mjs', 'plugin.mjs', 'source.ts']);
  // The code of greeter.mjs ran once in memory, and once in each of two processes.
  expect(callsOf(files['greeter.mjs'])).toEqual({ makeGreeter: 3, greet: 1, shout: 2, whisper: 0 });
  expect(Object.values(files['greeter.mjs']?.s ?? {})).toEqual([3, 1, 2, 0]);
  expect(Object.values(files['plugin.mjs']?.s ?? {})).toEqual([2, 0, 2]);
  expect(Object.values(files['plugin.mjs']?.b ?? {})).toEqual([[0, 2]]);
  // The report follows the source map of source.js.
  expect(Object.values(callsOf(files['source.ts']))).toEqual([2, 0]);
  expect(Object.values(callsOf(files['never-used.mjs']))).toEqual([0]);
});
