// check-first-plugin.mjs TARBALL...: follows docs/first-plugin.md step by step in a new folder, with the
// packed packages. It writes each file that the page shows, runs each command, and compares the output with
// the output on the page. Only the installation differs. The packages are installed from the tarballs, and
// the compiler, Node's types and Vitest are those of this repository.
import { execSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { overridesOf, packedPackages } from './packed.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const project = mkdtempSync(join(tmpdir(), 'pipework-first-plugin-'));
const write = (name, content) => {
  mkdirSync(dirname(join(project, name)), { recursive: true });
  writeFileSync(join(project, name), content);
};
const run = (command) =>
  execSync(command, {
    cwd: project,
    encoding: 'utf8',
    stdio: 'pipe',
    env: { ...process.env, PATH: [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter) },
  });

const { 'create-pipework': _starter, ...tarballs } = packedPackages(process.argv.slice(2));

/** Makes the files that the page's commands `npm init -y`, `npm pkg set` and `npm install` make. */
function install() {
  const dependencies = Object.fromEntries(
    Object.entries(tarballs).filter(([name]) => /core|fleet|testkit/.test(name)),
  );
  write(
    'package.json',
    JSON.stringify({ name: 'first-plugin', private: true, type: 'module', dependencies }),
  );
  write('pnpm-workspace.yaml', `${overridesOf(tarballs)}autoInstallPeers: false\n`);
  run('pnpm install --no-frozen-lockfile --prefer-offline');
  for (const name of ['typescript', '@types', 'vitest'])
    symlinkSync(join(root, 'node_modules', name), join(project, 'node_modules', name));
}

const page = readFileSync(join(root, 'docs/first-plugin.md'), 'utf8');
const blocks = page.matchAll(/(?:<!-- (from|file|output): (.+?) -->\n+)?^```(\w*)\n([\s\S]*?)^```$/gm);

try {
  install();
  let printed = '';
  for (const [, kind, value, language, text] of blocks) {
    if (kind === 'output') {
      if (printed.trim() !== text.trim())
        throw new Error(`${value} printed\n${printed}\nthe page says\n${text}`);
    } else if (kind !== undefined) {
      write(value.replace('examples/first-plugin/', ''), text);
    } else if (language === 'sh') {
      const commands = text
        .trim()
        .split('\n')
        .filter((line) => !/^(mkdir|npm) /.test(line));
      for (const command of commands) printed = run(command.replace(/^npx /, ''));
    }
  }
} catch (error) {
  throw new Error(`docs/first-plugin.md does not work: ${error.message}\n${error.stdout ?? ''}`, {
    cause: error,
  });
} finally {
  rmSync(project, { recursive: true, force: true });
}
