// Changes the sources a little at a time, and reports the changes that no test notices.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { randomOf } from '../lib/random.mjs';
import { tested } from '../mutation/reporter.mjs';
import { targets } from '../mutation/targets.mjs';

export const help =
  'mutants of the mux or of rpc that no test notices (--files window,scheduler: only in these files)';
/**
 * `tests` is `all`, or `unit` for only the fast tests beside the sources. `minutes` is 0 for no limit. If
 * `sample` is 0, all lines are mutated. Otherwise `sample` places are mutated, of `sampleLines` lines each,
 * and `seed` chooses the places.
 */
export const defaults = {
  target: 'mux',
  files: '',
  tests: 'all',
  minutes: 0,
  concurrency: 1,
  sample: 0,
  seed: Date.now() % 1e9,
};

const sampleLines = 12;

const pathOf = (path) => fileURLToPath(new URL(path, import.meta.url));

export async function run(options, log) {
  const { target, files, tests, minutes, concurrency, sample, seed } = { ...defaults, ...options };
  const { folder, sources, kept } = targets[target];
  process.chdir(pathOf(`../../${folder}`));
  const names = files.split(',').filter(Boolean);
  const mutated = filesIn(sources).filter((file) =>
    names.length === 0 ? !kept.includes(file) : names.some((name) => file.endsWith(`/${name}.ts`)),
  );
  if (sample > 0) log(`seed ${seed}`);
  const chosen = sample > 0 ? placesIn(mutated, sample, randomOf(seed)) : mutated;
  process.env.MUTATION_TARGET = target;
  process.env.MUTATION_TESTS = tests;
  // Stryker is loaded here, so that `run.mjs` can list this program without Stryker.
  const { Stryker } = await import('@stryker-mutator/core');
  const testing = new Stryker({
    mutate: chosen,
    testRunner: 'vitest',
    plugins: [
      fileURLToPath(import.meta.resolve('@stryker-mutator/vitest-runner')),
      pathOf('../mutation/reporter.mjs'),
    ],
    vitest: { configFile: pathOf('../mutation/vitest.config.mjs'), related: false },
    coverageAnalysis: 'perTest',
    ignoreStatic: true,
    concurrency,
    timeoutMS: 5_000,
    timeoutFactor: 2,
    // Keeps Stryker from rewriting tsconfig.json, because the rewriting needs an older TypeScript.
    tsconfigFile: 'none.json',
    disableTypeChecks: false,
    // The copy of the package gets no tsconfig.json. So TypeScript finds the package's own file, in which the
    // paths are right.
    ignorePatterns: ['tsconfig.json'],
    reporters: ['tested'],
    cleanTempDir: 'always',
  }).runMutationTest();
  if (minutes > 0) {
    const isDone = await Promise.race([testing.then(() => true), pause(minutes * 60_000)]);
    if (!isDone) {
      log(`out of time: ${tested.length} mutants were tested`);
      // A child in which a mutant loops without end does not notice that its parent is gone.
      spawnSync('pkill', ['-KILL', '-P', String(process.pid)]);
    }
  } else {
    await testing;
  }
  rmSync('.stryker-tmp', { recursive: true, force: true });
  return summarize(tested, log);
}

/** Lists the sources in a folder, without their tests. */
function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /(?<!\.test)\.ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}

/**
 * Draws `count` places from the files at random. Each place has `sampleLines` lines, and every line has the
 * same chance.
 */
function placesIn(files, count, random) {
  const places = files.flatMap((file) => {
    const lines = readFileSync(file, 'utf8').split('\n').length;
    return Array.from({ length: Math.ceil(lines / sampleLines) }, (_, at) => {
      return `${file}:${at * sampleLines + 1}-${(at + 1) * sampleLines}`;
    });
  });
  return Array.from(
    { length: Math.min(count, places.length) },
    () => places.splice(random.below(places.length), 1)[0],
  );
}

/** Counts mutants by file. Names each surviving or untested mutant that is not known to be equivalent. */
function summarize(results, log) {
  const equivalent = JSON.parse(readFileSync(pathOf('../mutation/equivalent.json'), 'utf8'));
  const findings = [];
  const figures = {};
  for (const { fileName, status, location, replacement, mutatorName } of results) {
    const file = relative(process.cwd(), fileName).replace(/^\.stryker-tmp\/sandbox-\w+\//, '');
    const counts = (figures[file] ??= { killed: 0, survived: 0, equivalent: 0, untested: 0 });
    if (status === 'Killed' || status === 'Timeout') counts.killed += 1;
    if (status !== 'Survived' && status !== 'NoCoverage') continue;
    const code = textAt(readFileSync(file, 'utf8'), location);
    const isKnown = equivalent.some(
      (known) => known.file === file && known.code === code && known.replacement === replacement,
    );
    if (isKnown) {
      counts.equivalent += 1;
      continue;
    }
    counts[status === 'Survived' ? 'survived' : 'untested'] += 1;
    const { line, column } = location.start;
    findings.push(`${file}:${line}:${column} ${status}, ${mutatorName}: ${code} -> ${replacement}`);
  }
  for (const [file, counts] of Object.entries(figures)) log(`${file.padEnd(32)} ${score(counts)}`);
  const all = Object.values(figures);
  const sum = (key) => all.reduce((total, counts) => total + counts[key], 0);
  const total = Object.fromEntries(Object.keys(all[0] ?? {}).map((key) => [key, sum(key)]));
  return { findings, figures: { ...total, score: score(total) } };
}

/** Returns the share of noticed mutants among those that are not equivalent. */
function score({ killed = 0, survived = 0, untested = 0 }) {
  const all = killed + survived + untested;
  return all === 0 ? 'nothing to change' : `${((100 * killed) / all).toFixed(1)} % of ${all}`;
}

function textAt(source, { start, end }) {
  const lines = source.split('\n').slice(start.line - 1, end.line);
  lines[lines.length - 1] = lines.at(-1).slice(0, end.column - 1);
  lines[0] = lines[0].slice(start.column - 1);
  return lines.map((line) => line.trim()).join(' ');
}
