// near.mjs [FILE...]: builds, and runs the tests near the given files. Without a FILE, these are all files
// that differ from the last commit. A run takes less than 20 seconds on two cores. A test is near if it is a
// unit test in the folder of a given file, or a behaviour test for that folder.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const life = (...names) => names.map((name) => `packages/core/test/life/${name}`);
const rpc = (...names) => names.map((name) => `packages/core/test/rpc/${name}`);

/**
 * The tests to run, by the beginning of a changed file's path. If several beginnings match, the longest one
 * counts. Each list holds path filters for `vitest run`.
 */
const near = {
  'packages/mux/': ['packages/mux/src', 'packages/mux/test/'],
  'packages/core/src/base': ['packages/core/src/base', ...rpc('errors', 'limits', 'calls')],
  'packages/core/src/handshake': ['packages/core/src/handshake', ...life('start', 'serve')],
  'packages/core/src/session': [
    'packages/core/src/session',
    ...rpc('broker', 'control-stream', 'loss', 'limits'),
  ],
  'packages/core/src/rpc': ['packages/core/src/rpc', 'packages/core/test/rpc'],
  'packages/core/src/host/start': [
    'packages/core/src/host/start',
    ...life('start', 'node-notes', 'self-start', 'wrappers'),
  ],
  'packages/core/src/host/discover': ['packages/core/src/host/discover', ...life('find')],
  'packages/core/src/host/launch': ['packages/core/src/host/launch', ...life('launch')],
  'packages/core/src/host/output': [
    'packages/core/src/host/output',
    ...life('output', 'hostile-output', 'drain'),
  ],
  'packages/core/src/host/end': [
    'packages/core/src/host/end',
    ...life('host-dies', 'lost', 'cycles', 'signals'),
  ],
  'packages/core/src/host': [
    'packages/core/src/host',
    ...life('start', 'lost', 'describe', 'services', 'blocked-host'),
  ],
  'packages/core/src/plugin': [
    'packages/core/src/plugin',
    ...life('serve', 'standard-streams', 'signals', 'describe'),
  ],
  'packages/core/': ['packages/core/src', 'packages/core/test/rpc'],
  'packages/testkit/src/conformance': ['packages/testkit/test/conformance', 'packages/testkit/src'],
  'packages/testkit/': [
    'packages/testkit/src',
    ...['connect', 'fake-plugin', 'launch', 'leaks', 'simulate'].map(
      (name) => `packages/testkit/test/${name}`,
    ),
  ],
  'packages/fleet/': ['packages/fleet/'],
  'packages/isolate/': ['packages/isolate/'],
  'packages/cli/': ['packages/cli/'],
  'examples/docs-check/': ['examples/docs-check/test/'],
  'examples/': ['examples/greeter', 'examples/runtimes'],
  'reliability/': ['reliability/test/hand-written', 'reliability/test/deaths'],
  'testing/': ['packages/core/src/host/end'],
  '': ['docs/test'],
};

const root = fileURLToPath(new URL('..', import.meta.url));
const git = (...args) =>
  execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean);
const changed =
  process.argv.length > 2
    ? process.argv.slice(2).map((file) => relative(root, file))
    : [...git('diff', '--name-only', 'HEAD'), ...git('ls-files', '--others', '--exclude-standard')];

const filters = new Set();
for (const file of changed) {
  if (/\.test\.m?ts$|\.test\.mjs$/.test(file)) {
    if (existsSync(file)) filters.add(file);
    continue;
  }
  const places = Object.keys(near).filter((place) => file.startsWith(place));
  const nearest = places.reduce((longest, place) => (place.length > longest.length ? place : longest));
  for (const filter of near[nearest]) filters.add(filter);
}
if (filters.size === 0) {
  console.log('nothing has changed since the last commit');
  process.exit(0);
}

const run = (file, ...args) => {
  const { status } = spawnSync(file, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};
run('node_modules/.bin/tsc', '-b');
run(process.execPath, 'scripts/bundle.mjs');
// Leaves out `core-general`, which repeats the tests of `core` without the parts that only improve speed.
run('node_modules/.bin/vitest', 'run', '--project', '!core-general', ...filters);
