// windows.mjs [--node 20] [--only TEXT] [--workers 2] [--minutes 30]: runs core's tests of a plugin's life on
// Node for Windows under Wine, if Wine is installed (`apt-get install wine64`). Vitest runs the unchanged
// files of packages/core/test/life, in a copy of this workspace. Node for Windows comes from npm. `--only`
// chooses files by a part of their names. The tests use dist too, so build first.
//
// Prints how many tests passed, failed and were skipped, and why tests failed or were skipped. Exits with 1
// if a test failed, if the run was not done in time, or if processes were left behind.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, stripVTControlCharacters } from 'node:util';
import { transformSync } from 'rolldown/utils';
import { Windows, wineProgram } from './lib/wine.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values: options } = parseArgs({
  options: {
    node: { type: 'string', default: '20' },
    only: { type: 'string', default: '' },
    workers: { type: 'string', default: '2' },
    minutes: { type: 'string', default: '30' },
  },
});

/** The tests that fail because of Wine, by reason. They run, but their failure is expected. */
const faultsOfWine = {
  'its conhost inherits the pipes of a process without a window, and keeps them open until the process ends':
    [
      'a start that fails > says that the process has closed descriptor 4 and continues to run',
      'the notes of a failed start > say that something closed descriptor 4',
      'a plugin whose session is lost while its process runs on > causes an error that mentions the closed pipe, if the plugin closed it',
    ],
  'its taskkill does not know /T': ['the process group > ends with its plugin, grandchildren included'],
};

/** The number of crashes of Wine's server that a run may survive. One further crash fails the run. */
const mostCrashes = 3;

/** Copies the parts of this workspace that core's tests need, and installs their dependencies for Windows. */
function makeWorkspace(folder) {
  const parts = ['packages/core', 'packages/mux', 'testing', 'scripts/inlined', 'tsconfig*.json'];
  const manifests = ['*package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml'];
  const listed = execFileSync(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', ...parts, ...manifests],
    { cwd: root, encoding: 'utf8' },
  );
  const built = ['packages/core/dist', 'packages/mux/dist'];
  for (const path of [...listed.split('\0').filter(Boolean), ...built]) {
    if (!existsSync(join(root, path))) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(root, path), join(folder, path), { recursive: true });
  }
  const { code } = transformSync('vitest.config.ts', readFileSync(join(root, 'vitest.config.ts'), 'utf8'));
  writeFileSync(join(folder, 'vitest.config.mjs'), code);
  const config = fileURLToPath(new URL('./fixtures/windows/windows.config.mjs', import.meta.url));
  cpSync(config, join(folder, 'windows.config.mjs'));
  // Wine shows links as directories, and Node cannot find packages through them. So node_modules must be
  // flat. Vitest's native parts do not load in Wine, but its WebAssembly parts do.
  const settings = 'nodeLinker: hoisted\nsupportedArchitectures:\n  os: [win32]\n  cpu: [wasm32]\n';
  const workspace = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8');
  writeFileSync(join(folder, 'pnpm-workspace.yaml'), workspace + settings);
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const filters = ['.', '@pipework/core', '@pipework/mux'].flatMap((name) => ['--filter', name]);
  const install = ['install', '--frozen-lockfile', '--prefer-offline', '--reporter=silent', ...filters];
  execFileSync('npx', ['-y', packageManager, ...install], { cwd: folder, stdio: 'inherit' });
}

/**
 * Runs the tests. After a crash of Wine's server, all processes wait without end. So this function ends the
 * processes, and runs the unfinished files again. Returns the lines of the report, and Vitest's last output.
 */
async function runTests(windows, folder) {
  const [report, printed] = [join(folder, 'report'), join(folder, 'printed')];
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--configLoader', 'native'];
  const settings = ['--config', 'windows.config.mjs', '--project', 'core'];
  const env = {
    NAPI_RS_FORCE_WASI: '1',
    NODE_NO_WARNINGS: '1',
    WINDOWS_REPORT: 'C:\\pipework\\report',
    WINDOWS_WORKERS: options.workers,
    // The time limits of tests grow with the machine's load. Windows does not report the load, so the tests
    // read it from Linux.
    LOADAVG_FILE: 'Z:\\proc\\loadavg',
  };
  const deadline = performance.now() + Number(options.minutes) * 60_000;
  const told = [];
  let files = readdirSync(join(folder, 'packages/core/test/life'))
    .map((name) => `test/life/${name}`)
    .filter((file) => file.endsWith('.test.ts') && file.includes(options.only));
  for (let crashes = 0; ; crashes++) {
    writeFileSync(report, '');
    const ms = deadline - performance.now();
    const status = await windows.node([...vitest, ...settings, ...files], { cwd: folder, printed, ms, env });
    const lines = readFileSync(report, 'utf8').split('\n').filter(Boolean);
    const now = lines.map((line) => JSON.parse(line));
    const isDone = status !== 'crashed' || crashes === mostCrashes;
    const ended = new Set(now.filter(({ ended }) => ended).map(({ file }) => file));
    told.push(...now.filter(({ file }) => isDone || ended.has(file)));
    if (isDone) return { status, told, printed: readFileSync(printed, 'utf8') };
    files = files.filter((file) => !ended.has(file));
    windows.end();
    console.log(`Wine's server has crashed: ${files.length} unfinished files are run again`);
  }
}

/**
 * Prints a table of the files, the failures, and the reasons of skipped tests. Returns the number of
 * failures.
 */
function tell({ status, told, printed }, left) {
  const tests = told.filter(({ name }) => name !== undefined);
  const modules = told.filter(({ ended }) => ended);
  const reasonOf = ({ name }) => /\(SKIPPED: (.*?)\)(?: >|$)/.exec(name)?.[1] ?? 'its name does not say why';
  const wineOf = ({ name }) =>
    Object.keys(faultsOfWine).find((reason) => faultsOfWine[reason].includes(name));
  for (const test of tests) {
    const fault = wineOf(test);
    if (fault === undefined || test.state === 'skipped') continue;
    Object.assign(test, { fault, known: test.state === 'failed' });
    if (test.known) test.state = 'skipped';
  }
  const count = (of, state) => of.filter((test) => test.state === state).length;
  for (const { file, ms } of modules) {
    const of = tests.filter((test) => test.file === file);
    const [passed, failed, skipped] = ['passed', 'failed', 'skipped'].map((state) => count(of, state));
    const seconds = (ms / 1_000).toFixed(0);
    console.log(`${file}: ${passed} passed, ${failed} failed, ${skipped} skipped (${seconds} s)`);
  }
  const failures = [
    ...tests
      .filter(({ state }) => state === 'failed')
      .map(({ file, name, errors }) => [`${file} > ${name}`, ...errors]),
    ...modules.flatMap(({ file, errors }) => errors.map((error) => [`${file}, outside its tests`, error])),
    ...told.flatMap(({ unhandled }) => (unhandled === undefined ? [] : [['unhandled', unhandled]])),
    ...left.map(({ command }) => ['a process was left behind', command]),
  ];
  if (status === 'late') failures.push([`the tests were not done after ${options.minutes} minutes`]);
  if (status === 'crashed') failures.push(["Wine's server has crashed again and again"]);
  if (tests.length === 0) failures.push(['no test ran', stripVTControlCharacters(printed)]);
  for (const [what, ...why] of failures)
    console.log(`FAILED ${what}\n${why.join('\n').replace(/^/gm, '    ')}`);
  const skipped = tests.filter(({ state }) => state === 'skipped');
  for (const reason of new Set(skipped.filter(({ known }) => !known).map(reasonOf)))
    console.log(
      `skipped ${skipped.filter((test) => !test.known && reasonOf(test) === reason).length}: ${reason}`,
    );
  for (const { name, known, fault } of tests.filter((test) => test.fault !== undefined))
    console.log(
      known ? `fault of Wine: ${name}: ${fault}` : `passes, although listed as a fault of Wine: ${name}`,
    );
  console.log(`${count(tests, 'passed')} passed, ${failures.length} failed, ${skipped.length} skipped`);
  return failures.length;
}

if (wineProgram === undefined) {
  console.log('NOT RUN: no wine64 on this machine');
  process.exit(0);
}
const scratch = mkdtempSync(join(tmpdir(), 'pipework-windows-'));
const windows = new Windows(scratch, options.node);
const stop = () => {
  windows.end();
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 500 });
};
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => {
    stop();
    process.exit(1);
  });
try {
  const folder = join(windows.drive, 'pipework');
  makeWorkspace(folder);
  const version = spawnSync(wineProgram, ['--version'], { encoding: 'utf8' }).stdout.trim();
  console.log(`Node ${options.node} for Windows under ${version}`);
  const outcome = await runTests(windows, folder);
  const left = typeof outcome.status === 'string' ? [] : await windows.left();
  process.exitCode = tell(outcome, left) === 0 ? 0 : 1;
} finally {
  stop();
}
