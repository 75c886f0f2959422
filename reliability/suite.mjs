// suite.mjs [--option value]...: runs the tests again and again, and prints a table. --load says whether
// other programs keep the machine busy meanwhile. Exits with 1 if any run failed. With --nodes, --in or
// --user, the tests run in clean clones of the last commit, and otherwise in this repository. --script names
// the script of package.json that runs the tests.
//
//   node reliability/suite.mjs --times 10 --load both      ten runs under load, ten without
//   node reliability/suite.mjs --script test:long          the tests that take long
//   node reliability/suite.mjs --nodes all                 on each supported Node, in a clone of its own
//   node reliability/suite.mjs --in /tmp --user nobody     in a clone in /tmp, as another user
//   node reliability/suite.mjs --cpus 0 --args '--pool=threads --sequence.shuffle'
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, stripVTControlCharacters } from 'node:util';
import { startLoad } from './lib/busy.mjs';

const supported = '20.19.0,22.12.0,22.x,24.x,26.x';
const pnpm = 'pnpm@12.21.0';
const root = fileURLToPath(new URL('..', import.meta.url));

const text = (fallback) => ({ type: 'string', default: fallback });
const { values: options } = parseArgs({
  options: {
    times: text('1'),
    load: text('without'),
    nodes: text(''),
    in: text(''),
    user: text(''),
    cpus: text(''),
    args: text(''),
    script: text('test'),
  },
});
const loads = { with: [true], without: [false], both: [true, false] }[options.load];
if (loads === undefined) throw new Error(`--load is with, without or both; got ${String(options.load)}`);
const nodes = (options.nodes === 'all' ? supported : options.nodes).split(',');
const inClones = [options.nodes, options.in, options.user].some((option) => option !== '');

/**
 * Makes a directory with a clone of the last commit and an empty home. By default the directory is not in
 * /tmp, because the sandboxes of some tests hide /tmp.
 */
function makePlace() {
  const parent = options.in || (options.user ? tmpdir() : join(homedir(), '.cache'));
  mkdirSync(parent, { recursive: true });
  const place = mkdtempSync(join(parent, 'pipework-suite-'));
  execFileSync('git', ['clone', '--quiet', '--depth', '1', `file://${root}`, join(place, 'clone')]);
  mkdirSync(join(place, 'home'));
  if (options.user) execFileSync('chown', ['-R', options.user, place]);
  return place;
}

/**
 * Returns a command that runs `command`. The option --user chooses the user, --cpus chooses the cores, and
 * `node` is the version of the only Node on the PATH.
 */
function wrapped(command, node) {
  const id = (flag) => execFileSync('id', [flag, options.user], { encoding: 'utf8' }).trim();
  return [
    ...(options.user ? ['setpriv', '--reuid', id('-u'), '--regid', id('-g'), '--clear-groups'] : []),
    ...(options.cpus ? ['taskset', '-c', options.cpus] : []),
    ...(node ? ['npx', '-y', '-p', `node@${node}`, '-p', pnpm] : []),
    ...command,
  ];
}

function run(cwd, [file, ...args], env) {
  const started = performance.now();
  const child = spawn(file, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (some) => (output += some));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      const seconds = Math.round((performance.now() - started) / 1_000);
      resolve({ status, output: stripVTControlCharacters(output), seconds });
    });
  });
}

async function suite(node) {
  if (!inClones) return run(root, wrapped(['npx', '-y', pnpm, options.script, ...args]));
  const place = makePlace();
  try {
    const command = node ? ['pnpm', options.script, ...args] : ['npx', '-y', pnpm, options.script, ...args];
    return await run(join(place, 'clone'), wrapped(command, node), { HOME: join(place, 'home') });
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

const args = options.args.split(' ').filter(Boolean);
const row = (...cells) => console.log(`| ${cells.join(' | ')} |`);
row('load', 'Node', 'passed', 'failed', 'skipped', 'seconds');
row('---', '---', '---', '---', '---', '---');
for (const isBusy of loads) {
  for (const node of nodes) {
    for (let time = 0; time < Number(options.times); time++) {
      const load = isBusy ? startLoad() : undefined;
      const { status, output, seconds } = await suite(node);
      load?.end();
      const [, ...counts] = /^(\d+) passed, (\d+) failed, (\d+) skipped$/m.exec(output) ?? [
        '',
        '?',
        '?',
        '?',
      ];
      row(isBusy ? 'yes' : 'no', node || process.version, ...counts, seconds);
      if (status === 0) continue;
      process.exitCode = 1;
      const file = join(mkdtempSync(join(tmpdir(), 'pipework-suite-')), 'output.txt');
      writeFileSync(file, output);
      const failures = new Set(output.match(/^ FAIL .*$/gm));
      console.log([...failures, `the whole output: ${file}`].join('\n'));
    }
  }
}
