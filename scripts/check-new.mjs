// check-new.mjs TARBALL...: checks the workspaces that `npm create pipework` makes. It makes a workspace in
// each language with the packed packages, runs `pnpm test` and `pnpm start` there, and checks that the dev
// loop reacts to a change.
import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { overridesOf, packedPackages } from './packed.mjs';

const languages = [
  // From the moment when the dev loop has printed text that matches `watching`, it notices changes. In a
  // TypeScript workspace, the compiler prints this text.
  {
    language: 'typescript',
    options: [],
    source: 'plugin/src/index.ts',
    watching: /Watching for file changes/,
  },
  {
    language: 'javascript',
    options: ['--language', 'javascript'],
    source: 'plugin/src/index.js',
    watching: /./,
  },
];

/** How long the dev loop may take to print the awaited text, in milliseconds. */
const patienceMs = 60_000;

const tarballs = packedPackages(process.argv.slice(2));
const overrides = overridesOf(tarballs);
/**
 * The environment of a shell, without the variables that pnpm sets for a script such as this one.
 */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^p?npm_/i.test(name)));
env.PATH = env.PATH.split(delimiter)
  .filter((folder) => !folder.startsWith(resolve('.')))
  .join(delimiter);
const place = mkdtempSync(join(tmpdir(), 'pipework-new-'));

function run(cwd, command, ...args) {
  try {
    return execFileSync(command, args, {
      cwd,
      encoding: 'utf8',
      stdio: 'pipe',
      env: { ...env, CI: '1', NO_COLOR: '1' },
    });
  } catch (error) {
    throw new Error(`${command} ${args.join(' ')} failed in ${cwd}:\n${error.stdout}\n${error.stderr}`, {
      cause: error,
    });
  }
}

function expect(what, text, pattern) {
  if (!pattern.test(text)) throw new Error(`${what} printed no ${pattern}:\n${text}`);
}

/**
 * Resolves when a running program has printed text that matches each pattern. The next call ignores the text
 * printed so far.
 */
function printed(output, ...patterns) {
  return new Promise((fulfil, reject) => {
    const look = () => {
      if (!patterns.every((pattern) => pattern.test(output.text))) return;
      clearTimeout(timer);
      output.text = '';
      fulfil();
    };
    const timer = setTimeout(
      () =>
        reject(
          new Error(`the dev loop did not print ${patterns.join(' and ')}:\n${output.text.slice(-2_000)}`),
        ),
      patienceMs,
    );
    output.onText = look;
    look();
  });
}

/** Starts `pnpm dev`, changes the plugin's greeting, and waits until the new greeting is printed. */
async function tryDevLoop(folder, { source, watching }) {
  const child = spawn('pnpm', ['dev'], {
    cwd: folder,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { text: '', onText: () => {} };
  const ended = new Promise((fulfil) => child.once('close', fulfil));
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output.text += text;
      output.onText();
    });
  }
  try {
    await printed(output, /Hello, world!/, watching);
    const file = join(folder, source);
    writeFileSync(file, readFileSync(file, 'utf8').replace('Hello, ', 'Good morning, '));
    await printed(output, /Good morning, world!/);
  } finally {
    // The signal reaches all processes of the dev loop, as Ctrl-C does.
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGINT');
    await ended;
  }
}

try {
  writeFileSync(join(place, 'package.json'), JSON.stringify({ private: true, dependencies: tarballs }));
  writeFileSync(join(place, 'pnpm-workspace.yaml'), overrides);
  run(place, 'pnpm', 'install', '--no-frozen-lockfile', '--prefer-offline');
  for (const { language, options, ...loop } of languages) {
    const name = `my-${language}`;
    const folder = join(place, name);
    run(place, join(place, 'node_modules/.bin/create-pipework'), name, ...options);
    // The overrides are needed because the packages are not in a registry yet.
    appendFileSync(join(folder, 'pnpm-workspace.yaml'), `${overrides}preferOffline: true\n`);
    expect('pnpm test', run(folder, 'pnpm', 'test'), /Tests +7 passed/);
    expect('pnpm start', run(folder, 'pnpm', 'start'), /Hello, world!\nHello, moon!\n1\n2\n3\n/);
    await tryDevLoop(folder, loop);
  }
} finally {
  rmSync(place, { recursive: true, force: true });
}
