// compilers.mjs [VERSION...]: compiles the type tests with each of these versions of TypeScript (5.9, 6 and 7
// by default). Each version is installed from the registry into a separate folder. A failed `expectTypeOf` or
// an unused `@ts-expect-error` is a compile error, so the compiler itself finds the faults.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const versions = process.argv.length > 2 ? process.argv.slice(2) : ['5.9', '6', '7'];

/**
 * A project that has only the type tests and everything that they import. `pnpm check` compiles the other
 * tests.
 */
const project = join(root, 'tsconfig.compilers.json');
const settings = {
  extends: './tsconfig.check.json',
  include: ['packages/*/test/**/*.test-d.ts'],
  // The test runner's own declaration files are not checked.
  compilerOptions: { skipLibCheck: true, types: ['node'] },
};

/** Installs TypeScript in `folder`. Returns the compiler's path and its full version number. */
function install(version, folder) {
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  execFileSync('npm', ['install', '--silent', '--no-audit', '--no-fund', `typescript@${version}`], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const home = join(folder, 'node_modules/typescript');
  const { version: full } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
  return { compiler: join(home, 'bin/tsc'), full };
}

writeFileSync(project, JSON.stringify(settings));
try {
  for (const version of versions) {
    const folder = mkdtempSync(join(tmpdir(), 'pipework-compiler-'));
    try {
      const { compiler, full } = install(version, folder);
      const began = Date.now();
      const listed = spawnSync(process.execPath, [compiler, '-p', project, '--listFiles'], {
        encoding: 'utf8',
        maxBuffer: 64 * 2 ** 20,
      });
      const tests = listed.stdout.split('\n').filter((line) => line.endsWith('.test-d.ts')).length;
      const ok = listed.status === 0 && tests > 0;
      const seconds = ((Date.now() - began) / 1000).toFixed(1);
      console.log(
        `${ok ? 'ok     ' : 'FAILED '} TypeScript ${full}: ${tests} files of type tests, ${seconds} s`,
      );
      if (ok) continue;
      process.exitCode = 1;
      console.log(
        listed.stdout
          .split('\n')
          .filter((line) => line.includes('error TS'))
          .join('\n'),
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
} finally {
  rmSync(project, { force: true });
}
