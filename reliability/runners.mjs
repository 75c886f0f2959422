// runners.mjs [--only TEXT]: runs the testkit under each test runner. It packs the packages, and installs
// them in a new project together with the runner from npm. There it runs a test file of fixtures/runners. It
// prints a table. npx fetches Node 24, which some runners need.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, stripVTControlCharacters } from 'node:util';
import { findRuntime } from '../testing/runtimes.mjs';

const file = (name) => fileURLToPath(new URL(name, import.meta.url));
const { only } = parseArgs({ options: { only: { type: 'string', default: '' } } }).values;
const scratch = mkdtempSync(join(tmpdir(), 'pipework-runners-'));

/** The path of Node 24. npx fetches Node 24 when it is first needed. */
let fetched;
function node24() {
  fetched ??= execFileSync('npx', ['-y', '-p', 'node@24', 'node', '-p', 'process.execPath'], {
    encoding: 'utf8',
  }).trim();
  return fetched;
}
const here = () => process.execPath;

const vitest = (version, pool, node, ...options) => ({
  name: `vitest ${version}, ${pool}${options.length > 0 ? ', --coverage' : ''}`,
  packages: [`vitest@${version}`, `@vitest/coverage-v8@${version}`],
  node,
  args: [
    'node_modules/vitest/vitest.mjs',
    'run',
    `--pool=${pool}`,
    '--testTimeout=120000',
    ...options,
    'vitest.test.mjs',
  ],
  passed: /Tests +6 passed \(6\)/,
});
/**
 * The options that make Vitest measure coverage, in place of a config file. Only plugin.mjs is measured,
 * because greeter.mjs also runs in the host's process.
 */
const coverage = [
  '--coverage.enabled',
  '--coverage.provider=custom',
  '--coverage.customProviderModule=@pipework/testkit/coverage',
  '--coverage.include=plugin.mjs',
  '--coverage.reporter=text',
  '--coverage.thresholds.100',
];
const nodeTest = (node) => ({
  name: 'node:test',
  packages: [],
  node,
  args: ['--test', 'node.test.mjs'],
  passed: /pass 6\n/,
});

const runners = [
  vitest(4, 'forks', here),
  vitest(4, 'threads', here),
  vitest(4, 'vmThreads', node24),
  vitest(4, 'forks', here, ...coverage),
  vitest(5, 'forks', node24),
  vitest(5, 'threads', node24),
  vitest(5, 'vmThreads', node24),
  vitest(5, 'forks', node24, ...coverage),
  {
    name: 'jest 30',
    packages: ['jest@30'],
    node: node24,
    args: [
      '--experimental-vm-modules',
      'node_modules/jest/bin/jest.js',
      '--ci',
      '--testTimeout=120000',
      '--testMatch',
      '**/jest.test.mjs',
    ],
    passed: /Tests: +5 passed, 5 total/,
  },
  nodeTest(here),
  nodeTest(node24),
  {
    name: 'bun test',
    packages: [],
    node: () => findRuntime('bun'),
    args: ['test', '--timeout=120000', './bun.test.mjs'],
    passed: /5 pass\n/,
  },
].filter(({ name }) => name.includes(only));

/** Packs our packages, and returns them as the `dependencies` of a package.json. */
function pack() {
  const packed = ['mux', 'core', 'testkit'].map((name) => {
    const into = join(scratch, `${name}.tgz`);
    execFileSync('npx', ['-y', 'pnpm@12', 'pack', '--out', into], { cwd: file(`../packages/${name}`) });
    return [`@pipework/${name}`, `file:${into}`];
  });
  return Object.fromEntries(packed);
}

/**
 * Maps the names of packages to the folder of the project that has these packages. If two runners need the
 * same packages, they share a project.
 */
const projects = new Map();
function project(dependencies, packages) {
  const key = packages.join(' ');
  let folder = projects.get(key);
  if (folder !== undefined) return folder;
  folder = join(scratch, `project-${projects.size}`);
  mkdirSync(folder);
  cpSync(file('fixtures/runners'), folder, { recursive: true });
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ private: true, type: 'module', dependencies, jest: { transform: {} } }),
  );
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--silent', ...packages], { cwd: folder });
  projects.set(key, folder);
  return folder;
}

/** This process's environment, without variables that would change how a runner behaves. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(VITEST|TEST$|NODE_ENV|NODE_TEST_|NODE_V8_)/.test(name)),
);

try {
  const dependencies = pack();
  for (const { name, packages, node, args, passed } of runners) {
    const program = node();
    if (program === undefined) {
      console.log(`NOT RUN ${name}`);
      continue;
    }
    const folder = project(dependencies, packages);
    const version = execFileSync(program, ['--version'], { encoding: 'utf8' }).trim();
    const started = performance.now();
    const run = spawnSync(program, args, { cwd: folder, env, encoding: 'utf8', timeout: 300_000 });
    const output = stripVTControlCharacters(`${run.stdout}${run.stderr}`);
    const isRight = run.status === 0 && passed.test(output);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${isRight ? 'ok     ' : 'FAILED '} ${name.padEnd(30)} ${version.padEnd(10)} ${seconds} s`);
    if (isRight) continue;
    console.log(run.error ?? output);
    process.exitCode = 1;
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
