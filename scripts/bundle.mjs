// Makes the packages' JavaScript. tsc makes the declarations. This script writes one file for each entry
// instead of one for each module. Each small file costs a plugin 0.3 ms and 130 KiB, and the plugin's side
// has some fifty modules (docs/decisions/0001, bench/startup.mjs).
import { readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { esmExternalRequirePlugin } from 'rolldown/plugins';
import { execa } from './inlined/execa.mjs';
import { fdir } from './inlined/fdir.mjs';
import { msgpackr } from './inlined/msgpackr.mjs';
import { quietBuiltins } from './inlined/quiet-builtins.mjs';
import { writeThirdParty } from './inlined/third-party.mjs';

const packages =
  process.argv.length > 2
    ? process.argv.slice(2)
    : ['mux', 'core', 'testkit', 'fleet', 'isolate', 'otel', 'cli', 'create-pipework'].map(
        (name) => `packages/${name}`,
      );

/** The built-in modules, with and without the prefix `node:`, because inlined packages use both forms. */
const builtins = builtinModules.flatMap((name) => [name, `node:${name}`]);

const manifestOf = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

/**
 * Returns the source of each entry that a package publishes, by the entry's name. For example,
 * `dist/plugin.js` in its exports gives the entry `plugin` with the source `src/plugin.ts`.
 */
function entries(folder, { exports, bin = {} }) {
  const built = [...Object.values(exports).map((entry) => entry.default), ...Object.values(bin)];
  return Object.fromEntries(
    built
      .filter((path) => path?.includes('dist/'))
      .map((path) => path.replace(/^(\.\/)?dist\//, '').replace(/\.js$/, ''))
      .map((name) => [name, join(folder, 'src', `${name}.ts`)]),
  );
}

/**
 * Throws unless a package's published exports are its exports in the workspace, without the condition
 * `@pipework/source`. Sources are not published.
 */
function checkPublished(folder, { exports, publishConfig }) {
  const published = Object.entries(exports).map(([name, entry]) => {
    if (typeof entry === 'string') return [name, entry];
    const { '@pipework/source': _source, ...others } = entry;
    return [name, others];
  });
  if (JSON.stringify(Object.fromEntries(published)) !== JSON.stringify(publishConfig?.exports))
    throw new Error(`${folder}/package.json: publishConfig.exports must be exports without @pipework/source`);
}

/**
 * Returns a function that says whether an import remains in the built files. The devDependencies that the
 * sources import, and their dependencies, are built in. The mux is also built into core, because a second
 * package would make a plugin's start 3 ms longer.
 */
function isOutside(folder, { dependencies = {}, peerDependencies = {} }) {
  const outside = Object.keys({ ...dependencies, ...peerDependencies }).filter(
    (name) => !(folder === 'packages/core' && name === '@pipework/mux'),
  );
  return (specifier) => outside.some((name) => specifier === name || specifier.startsWith(`${name}/`));
}

/** Returns a chunk's file name: the name of the package that is loaded on demand, or else rolldown's name. */
function chunkName({ name, facadeModuleId }) {
  const inside = /.*\/node_modules\/([^/]+)\//.exec(facadeModuleId?.replaceAll('\\', '/') ?? '')?.[1];
  return `${inside ?? name.replace(/^_/, '')}.js`;
}

/** Throws if a built file has code that must not be published. */
function check(name, code, isCore) {
  if (/\bnew Function\(|\beval\(/.test(code)) throw new Error(`${name} evaluates text as code`);
  // A user may bundle core again, into one CommonJS file. `import.meta` and `createRequire` do not work
  // there.
  const unbundled = isCore ? /\bimport\.meta\b|\bcreateRequire\b/.exec(code) : null;
  if (unbundled !== null) throw new Error(`${name} uses ${unbundled[0]}, which a bundle of it may not have`);
  const imported = isCore ? /^import (?:.* from )?"(?!\.)(.+)"/m.exec(code) : null;
  if (imported !== null) throw new Error(`${name} imports ${imported[1]}, whose properties Node then reads`);
  // If a source has one character that is not ASCII, V8 stores the whole source with two bytes for each
  // character. This costs 300 KiB, and a few tenths of a millisecond.
  const other = /[^\0-\x7f]/.exec(code);
  if (other !== null) throw new Error(`${name} holds ${other[0]} at ${other.index}, which is not ASCII`);
}

for (const folder of packages) {
  const manifest = manifestOf(folder);
  checkPublished(folder, manifest);
  const edited = folder === 'packages/core' ? [msgpackr(folder), execa(folder), fdir()] : [];
  const bundle = await rolldown({
    input: entries(folder, manifest),
    platform: 'node',
    external: isOutside(folder, manifest),
    plugins: [
      ...(folder === 'packages/core' ? [quietBuiltins] : [esmExternalRequirePlugin({ external: builtins })]),
      ...edited,
    ],
    // The mux is built from its sources, not from its own `dist`.
    resolve: { conditionNames: ['@pipework/source', 'import', 'node'] },
    treeshake: { moduleSideEffects: true },
    logLevel: 'warn',
  });
  const dist = join(folder, 'dist');
  // The files are written into a folder beside `dist`, and then renamed. So a program that loads `dist`
  // meanwhile never reads a half-written file.
  const fresh = join(folder, '.dist-fresh');
  const { output } = await bundle.write({
    dir: fresh,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: chunkName,
    // Stack traces, and code in a debugger, must read like the sources. So the build keeps names and lines,
    // and no source map is published. Docstrings are removed, because users have them in the declarations.
    minify: { mangle: false, compress: false, codegen: { removeWhitespace: false, asciiOnly: true } },
    comments: false,
  });
  await bundle.close();
  const unused = edited.flatMap((plugin) => plugin.unused());
  if (unused.length > 0) throw new Error(`edits of ${unused.join(', ')} met no module`);
  const written = readdirSync(fresh);
  for (const file of written) {
    check(file, readFileSync(join(fresh, file), 'utf8'), folder === 'packages/core');
  }
  for (const file of written) renameSync(join(fresh, file), join(dist, file));
  rmSync(fresh, { recursive: true });
  // Removes chunks of earlier builds, because they must not be published with this build.
  for (const file of readdirSync(dist)) {
    if (/\.js(\.map)?$/.test(file) && !written.includes(file)) rmSync(join(dist, file));
  }
  writeThirdParty(folder, output);
}
