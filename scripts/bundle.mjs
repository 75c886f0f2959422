// Makes the packages' JavaScript; their declarations are tsc's. One file an entry, not one a module: loading a small
// file costs a plugin 0.3 ms and 130 KiB, and the plugin's side has some fifty of them (bench/startup.mjs).
import { readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

const packages =
  process.argv.length > 2 ? process.argv.slice(2) : ['packages/mux', 'packages/core', 'packages/testkit'];

/**
 * What a package carries inside itself. For core: a second package costs a plugin's start 3 ms, msgpackr as a file of its own 2.5 ms.
 */
const inlined = { 'packages/core': ['@pipework/mux', 'msgpackr'] };

/** The entries that a package publishes: { 'plugin': 'src/plugin.ts' } for a `dist/plugin.js` in its exports. */
function entries(folder) {
  const { exports, bin = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const built = [...Object.values(exports).map((entry) => entry.default), ...Object.values(bin)];
  return Object.fromEntries(
    built
      .filter((path) => path?.includes('dist/'))
      .map((path) => path.replace(/^(\.\/)?dist\//, '').replace(/\.js$/, ''))
      .map((name) => [name, join(folder, 'src', `${name}.ts`)]),
  );
}

for (const folder of packages) {
  const bundle = await rolldown({
    input: entries(folder),
    platform: 'node',
    external: (specifier) =>
      !/^[./]/.test(specifier) && !(inlined[folder] ?? []).some((name) => specifier.startsWith(name)),
    // The mux comes from its sources, whatever its own dist holds.
    resolve: { conditionNames: ['@pipework/source', 'import', 'node'] },
    treeshake: { moduleSideEffects: true },
    logLevel: 'warn',
  });
  const dist = join(folder, 'dist');
  // Into a folder beside it and from there by rename: a program that loads dist meanwhile sees the old or the new.
  const fresh = join(dist, '.fresh');
  await bundle.write({
    dir: fresh,
    format: 'esm',
    sourcemap: true,
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
    // Stack traces and stepping must read like the sources.
    minify: false,
  });
  await bundle.close();
  const written = readdirSync(fresh);
  for (const file of written) renameSync(join(fresh, file), join(dist, file));
  rmSync(fresh, { recursive: true });
  // A chunk of an earlier build must not be published with this one.
  for (const file of readdirSync(dist)) {
    if (/\.js(\.map)?$/.test(file) && !written.includes(file)) rmSync(join(dist, file));
  }
}
