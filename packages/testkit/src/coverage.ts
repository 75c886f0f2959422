/**
 * Extends Vitest's V8 coverage to the Node processes that the tests start, above all plugins. To use this
 * module, set `coverage: { provider: 'custom', customProviderModule: '@pipework/testkit/coverage' }`. This
 * module needs `@vitest/coverage-v8`.
 *
 * Each worker sets NODE_V8_COVERAGE for the processes that it starts. When such a process exits, Node writes
 * down which code the process ran. A process that a signal ends writes nothing. At the end of the run,
 * Vitest's main process adds these results to the coverage of the tests.
 *
 * @module
 */

import { readdir, readFile } from 'node:fs/promises';
import * as nodeModule from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import v8 from '@vitest/coverage-v8';
import type { CoverageProvider, CoverageProviderModule } from 'vitest/node';

/**
 * The environment variable that names the directory for coverage. The workers inherit the variable from
 * Vitest's main process.
 */
const variable = 'PIPEWORK_TESTKIT_COVERAGE';

interface Script {
  readonly url: string;
}

/** The coverage that Node writes when a process exits. */
interface ProcessCoverage {
  readonly result: readonly Script[];
  /** Source maps, by the URLs of the scripts. A script that names no source map has no entry. */
  readonly 'source-map-cache'?: Readonly<Record<string, { readonly data: SourceMap | null }>>;
}

interface SourceMap {
  readonly sources: readonly string[];
}

interface Transformed {
  readonly code: string;
  readonly map: SourceMap | null;
}

interface CoverageMap {
  files(): string[];
  filter(isWanted: (path: string) => boolean): void;
  merge(other: CoverageMap): void;
}

/**
 * The members that the provider of `@vitest/coverage-v8` adds to the interface of all providers, in Vitest 4
 * and 5.
 */
interface V8Provider extends CoverageProvider {
  readonly coverageFilesDirectory: string;
  createCoverageMap(): CoverageMap;
  generateCoverage(context: Parameters<CoverageProvider['generateCoverage']>[0]): Promise<CoverageMap>;
  getUntestedFiles(tested: string[]): Promise<string[]>;
  convertCoverage(coverage: { readonly result: readonly Script[] }): Promise<CoverageMap>;
  transformFile(path: string): Promise<Transformed | null>;
  isIncluded(path: string): boolean;
}

/** The provider of coverage, as Vitest loads it. */
const coverage: CoverageProviderModule = {
  startCoverage(options) {
    const directory = process.env[variable];
    // Node reads NODE_V8_COVERAGE when a process starts. So this assignment affects only the processes that
    // this worker starts. Vitest measures the worker itself.
    if (directory !== undefined) process.env['NODE_V8_COVERAGE'] = directory;
    return v8.startCoverage?.(options);
  },
  takeCoverage: (options) => v8.takeCoverage?.(options),
  stopCoverage: (options) => v8.stopCoverage?.(options),
  getProvider: async () => withProcesses((await v8.getProvider()) as V8Provider),
};

export default coverage;

/**
 * Adds the coverage of processes to the provider's report. `provider` is the provider that Vitest uses for
 * this run. This function changes `provider` in place.
 */
function withProcesses(provider: V8Provider): CoverageProvider {
  const { initialize, resolveOptions, generateCoverage, getUntestedFiles } = provider;
  let ofProcesses = provider.createCoverageMap();
  const directory = (): string => join(provider.coverageFilesDirectory, 'processes');
  return Object.assign(provider, {
    initialize: async (...args: Parameters<V8Provider['initialize']>) => {
      await initialize.apply(provider, args);
      process.env[variable] = directory();
    },
    // Workers load the provider that these options name. `custom` makes them load this module.
    resolveOptions: () => ({ ...resolveOptions.call(provider), provider: 'custom' as const }),
    generateCoverage: async (...args: Parameters<V8Provider['generateCoverage']>) => {
      ofProcesses = await readProcesses(provider, directory());
      const map = await generateCoverage.apply(provider, args);
      map.merge(ofProcesses);
      return map;
    },
    // A file that only processes ran also counts as tested.
    getUntestedFiles: (tested: string[]) =>
      getUntestedFiles.call(provider, [...tested, ...ofProcesses.files()]),
  });
}

async function readProcesses(provider: V8Provider, directory: string): Promise<CoverageMap> {
  const map = provider.createCoverageMap();
  for (const name of await namesIn(directory)) {
    const { result, 'source-map-cache': maps = {} } = parse(await readFile(join(directory, name), 'utf8'));
    const mapOf = (path: string): SourceMap | null => maps[pathToFileURL(path).href]?.data ?? null;
    // Processes ran the files as they are, and not as Vite transforms them for tests. A file is also included
    // if one of its sources is included.
    const asWritten = Object.assign(Object.create(provider) as V8Provider, {
      transformFile: async (path: string) => await asNodeReads(path, mapOf(path)),
      isIncluded: (path: string) =>
        [path, ...sourcesOf(path, mapOf(path))].some((one) => provider.isIncluded(one)),
    });
    map.merge(await asWritten.convertCoverage({ result: result.filter(isOfUser) }));
  }
  map.filter((path) => provider.isIncluded(path));
  return map;
}

const isOfUser = ({ url }: Script): boolean => url.startsWith('file://') && !url.includes('/node_modules/');

const sourcesOf = (path: string, map: SourceMap | null): string[] =>
  (map?.sources ?? [])
    .map((source) => new URL(source, pathToFileURL(path)).href)
    .filter((url) => url.startsWith('file://'))
    .map((url) => fileURLToPath(url));

/**
 * Parses the coverage that one process wrote. If the process died while it wrote, returns an empty result.
 */
function parse(text: string): ProcessCoverage {
  try {
    return JSON.parse(text) as ProcessCoverage;
  } catch {
    return { result: [] };
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch {
    // No process wrote anything.
    return [];
  }
}

/**
 * Returns the code that Node ran. For TypeScript, that is the code without its types. The remaining code
 * keeps its position.
 */
async function asNodeReads(path: string, map: SourceMap | null): Promise<Transformed> {
  const code = await readFile(path, 'utf8');
  const { stripTypeScriptTypes } = nodeModule as { stripTypeScriptTypes?: (code: string) => string };
  const isTyped = /\.[mc]?ts$/.test(path) && stripTypeScriptTypes !== undefined;
  return { code: isTyped ? stripTypeScriptTypes(code) : code, map };
}
