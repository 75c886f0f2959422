// check-consumer.mjs TARBALL...: checks the packages as a user gets them. It installs the packed packages
// into a new project. It compiles a contract, a plugin and a host against the packages' declarations, with
// `skipLibCheck` off. The program's own declarations can be written, too, although they name types that only
// compute other types. Then it runs this host and plugin, and loads core by `require` from CommonJS.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { overridesOf, packedPackages } from './packed.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { 'create-pipework': _starter, ...tarballs } = packedPackages(process.argv.slice(2));
const project = mkdtempSync(join(tmpdir(), 'pipework-consumer-'));
const write = (name, content) => writeFileSync(join(project, name), content);
const run = (command, args) => execFileSync(command, args, { cwd: project, encoding: 'utf8', stdio: 'pipe' });

/** The maximum number of bytes that `npm i @pipework/core` may install. */
const budgetBytes = 2_000_000;

/** Returns the bytes of all files below a directory. */
function bytesIn(directory) {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

try {
  write(
    'package.json',
    JSON.stringify({ name: 'consumer', private: true, type: 'module', dependencies: tarballs }),
  );
  write('pnpm-workspace.yaml', overridesOf(tarballs));
  run('pnpm', ['install', '--no-frozen-lockfile', '--prefer-offline']);
  // The compiler and Node's types are not under test, so they are linked from the repository.
  for (const name of ['typescript', '@types'])
    symlinkSync(join(root, 'node_modules', name), join(project, 'node_modules', name));
  for (const name of ['contract', 'plugin', 'host'])
    cpSync(join(root, `examples/greeter/src/${name}.ts`), join(project, `${name}.ts`));
  write(
    'declared.ts',
    [
      `import { defineContract, type RPCClientOf } from '@pipework/core';`,
      `interface Store { read(key: string): Promise<string> }`,
      `export const define = defineContract<Store>();`,
      `export const storeOf = <P extends { store: Store }>(rpc: RPCClientOf<P>) => rpc;`,
    ].join('\n'),
  );
  write(
    'tsconfig.json',
    JSON.stringify({
      compilerOptions: {
        target: 'es2023',
        lib: ['es2023', 'esnext.disposable', 'dom'],
        module: 'nodenext',
        strict: true,
        exactOptionalPropertyTypes: true,
        rewriteRelativeImportExtensions: true,
        skipLibCheck: false,
        declaration: true,
        types: ['node'],
        outDir: 'out',
      },
      include: ['*.ts'],
    }),
  );
  const compiled = (() => {
    try {
      return run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.']);
    } catch (error) {
      return error.stdout;
    }
  })();
  // Only our declarations must be free of errors. The declarations of other libraries are not checked.
  const ours = compiled
    .split('\n')
    .filter((line) => /error/.test(line) && !/^(\.\.\/)*\S*node_modules\/(?!.*@pipework)/.test(line));
  if (ours.length > 0) throw new Error(`a consumer does not compile:\n${ours.join('\n')}`);

  const printed = run(process.execPath, ['out/host.js']);
  if (!printed.includes('Hello, world!')) throw new Error(`the greeter printed ${printed}`);
  const names = run(process.execPath, [
    '-e',
    `console.log(typeof require('@pipework/core').Client, typeof require('@pipework/core/plugin').serve)`,
    '--input-type=commonjs',
  ]);
  const weight = ['core', 'mux'].reduce(
    (sum, name) => sum + bytesIn(join(project, 'node_modules/@pipework', name)),
    0,
  );
  if (weight > budgetBytes) throw new Error(`core and the mux bring ${weight} bytes, above ${budgetBytes}`);
  const core = JSON.parse(readFileSync(join(project, 'node_modules/@pipework/core/package.json'), 'utf8'));
  const brought = Object.keys(core.dependencies).join();
  if (brought !== '@pipework/mux') throw new Error(`core brings ${brought}`);
  if (names.trim() !== 'function function') throw new Error(`require gave ${names}`);
} finally {
  rmSync(project, { recursive: true, force: true });
}
