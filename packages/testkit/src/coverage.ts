/**
 * Vitest's V8 coverage with the Node processes in it that the tests start, plugins above all: the module for
 * `coverage: { provider: 'custom', customProviderModule: '@pipework/testkit/coverage' }`. Needs `@vitest/coverage-v8`.
 *
 * Each worker sets NODE_V8_COVERAGE for the processes that it starts, so that Node itself writes down what they ran when they exit. A
 * process that a signal ended has written nothing. In the end the main process adds what they wrote to what the tests ran.
 */
import { readdir, readFile } from 'node:fs/promises';
import * as nodeModule from 'node:module';
import { join } from 'node:path';
import v8 from '@vitest/coverage-v8';
import type { CoverageProvider, CoverageProviderModule } from 'vitest/node';

/** Names the directory to the workers, which get the environment of Vitest's main process. */
const variable = 'PIPEWORK_TESTKIT_COVERAGE';

interface Script {
  readonly url: string;
}

interface CoverageMap {
  files(): string[];
  merge(other: CoverageMap): void;
}

/** What the provider of `@vitest/coverage-v8` has beside the interface of all providers, in Vitest 4 and 5. */
interface V8Provider extends CoverageProvider {
  readonly coverageFilesDirectory: string;
  createCoverageMap(): CoverageMap;
  generateCoverage(context: Parameters<CoverageProvider['generateCoverage']>[0]): Promise<CoverageMap>;
  getUntestedFiles(tested: string[]): Promise<string[]>;
  convertCoverage(coverage: { readonly result: readonly Script[] }): Promise<CoverageMap>;
  transformFile(path: string): Promise<{ readonly code: string; readonly map: null } | null>;
}

const coverage: CoverageProviderModule = {
  startCoverage(options) {
    const directory = process.env[variable];
    // For what this worker starts. It is too late for the worker itself, whose coverage Vitest takes.
    if (directory !== undefined) process.env['NODE_V8_COVERAGE'] = directory;
    return v8.startCoverage?.(options);
  },
  takeCoverage: (options) => v8.takeCoverage?.(options),
  stopCoverage: (options) => v8.stopCoverage?.(options),
  getProvider: async () => withProcesses((await v8.getProvider()) as V8Provider),
};

export default coverage;

/** Adds the processes to what the provider reports. The provider is Vitest's for this run, and changed in place. */
function withProcesses(provider: V8Provider): CoverageProvider {
  const { initialize, resolveOptions, generateCoverage, getUntestedFiles } = provider;
  let ofProcesses = provider.createCoverageMap();
  const directory = (): string => join(provider.coverageFilesDirectory, 'processes');
  return Object.assign(provider, {
    initialize: async (...args: Parameters<V8Provider['initialize']>) => {
      await initialize.apply(provider, args);
      process.env[variable] = directory();
    },
    // The workers load the provider that these options name, which is to be this module.
    resolveOptions: () => ({ ...resolveOptions.call(provider), provider: 'custom' as const }),
    generateCoverage: async (...args: Parameters<V8Provider['generateCoverage']>) => {
      ofProcesses = await readProcesses(provider, directory());
      const map = await generateCoverage.apply(provider, args);
      map.merge(ofProcesses);
      return map;
    },
    // A file that only processes ran is tested too.
    getUntestedFiles: (tested: string[]) =>
      getUntestedFiles.call(provider, [...tested, ...ofProcesses.files()]),
  });
}

async function readProcesses(provider: V8Provider, directory: string): Promise<CoverageMap> {
  const map = provider.createCoverageMap();
  // Processes ran the files as they are, and not as Vite serves them to tests.
  const asWritten = Object.assign(Object.create(provider) as V8Provider, { transformFile: asNodeReads });
  for (const name of await namesIn(directory)) {
    const scripts = parse(await readFile(join(directory, name), 'utf8'));
    map.merge(await asWritten.convertCoverage({ result: scripts.filter(isOfUser) }));
  }
  return map;
}

const isOfUser = ({ url }: Script): boolean => url.startsWith('file://') && !url.includes('/node_modules/');

/** The scripts of one process; none if it died while it wrote them. */
function parse(text: string): readonly Script[] {
  try {
    return (JSON.parse(text) as { readonly result: readonly Script[] }).result;
  } catch {
    return [];
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

/** Returns what Node makes of a TypeScript file, and null for a file that it runs as it is. */
async function asNodeReads(path: string): Promise<{ readonly code: string; readonly map: null } | null> {
  const { stripTypeScriptTypes } = nodeModule as { stripTypeScriptTypes?: (code: string) => string };
  if (!/\.[mc]?ts$/.test(path) || stripTypeScriptTypes === undefined) return null;
  return { code: stripTypeScriptTypes(await readFile(path, 'utf8')), map: null };
}
