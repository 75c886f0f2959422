// Makes the packages' JavaScript; their declarations are tsc's. One file an entry, not one a module: loading a small
// file costs a plugin 0.3 ms and 130 KiB, and the plugin's side has some fifty of them (docs/decisions/0001, bench/startup.mjs).
import { existsSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
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

/** What is taken out of msgpackr's modules: the one place that makes code of text, as its own build without it does, and what would run at import for nobody. */
const msgpackrEdits = {
  'pack.js': [
    [/^let defaultPackr = new Packr\(.*\);$/m, ''],
    [/^export const pack = defaultPackr\.pack;\s*export const encode = defaultPackr\.pack;$/m, ''],
  ],
  'unpack.js': [
    [/new Function\(/, 'new BlockedFunction('],
    [/^var defaultUnpackr = new Unpackr\(.*\);$/m, 'var defaultUnpackr;'],
    [/^(export const (unpack|unpackMultiple|decode) = defaultUnpackr\.\w+;\s*){3}/m, ''],
    // A table for float32 that are to be rounded (useFloat32): 256 texts and numbers.
    [/^for \(let i = 0; i < 256; i\+\+\) \{\s*mult10\[i\] = .*\s*\}$/m, ''],
  ],
};

/**
 * msgpackr as the modules that its build without `new Function` is made of: unlike that build they lose what nobody uses, and V8
 * does not parse a wrapper around them first. 1.8 ms of a plugin's start.
 */
const msgpackrModules = (folder) => ({
  name: 'msgpackr-modules',
  resolveId: (id) => (id === 'msgpackr/index-no-eval' ? '\0msgpackr' : undefined),
  load: (id) => {
    if (id !== '\0msgpackr') return undefined;
    const built = createRequire(resolve(folder, 'package.json')).resolve('msgpackr/index-no-eval');
    const modules = JSON.stringify(resolve(built, '../../pack.js'));
    return `import { Packr, addExtension } from ${modules};\nexport default { Packr, addExtension };`;
  },
  transform: (code, id) => {
    const edits = msgpackrEdits[/[\\/]msgpackr[\\/](\w+\.js)$/.exec(id)?.[1]];
    if (edits === undefined) return undefined;
    let edited = code;
    for (const [from, to] of edits) {
      if (!from.test(edited)) throw new Error(`${id} is not as expected: ${from} is not in it`);
      edited = edited.replace(from, to);
    }
    return { code: edited, map: null };
  },
});

/** Throws where a built file holds what must not be shipped. */
function check(name, code) {
  if (/\bnew Function\(|\beval\(/.test(code)) throw new Error(`${name} evaluates text as code`);
  // One such character makes V8 keep all of the source as two bytes a character: 300 KiB, and a few tenths of a millisecond.
  const other = /[^\0-\x7f]/.exec(code);
  if (other !== null) throw new Error(`${name} holds ${other[0]} at ${other.index}, which is not ASCII`);
}

/** Throws where a source map leads nowhere. */
function checkMap(path, { sources }) {
  const lost = sources.find(
    (source) => !source.includes('\0') && !existsSync(resolve(dirname(path), source)),
  );
  if (lost !== undefined) throw new Error(`${path} names ${lost}, which does not exist`);
}

for (const folder of packages) {
  const bundle = await rolldown({
    input: entries(folder),
    platform: 'node',
    external: (specifier) =>
      !/^[./\0]/.test(specifier) && !(inlined[folder] ?? []).some((name) => specifier.startsWith(name)),
    plugins: [msgpackrModules(folder)],
    // The mux comes from its sources, whatever its own dist holds.
    resolve: { conditionNames: ['@pipework/source', 'import', 'node'] },
    treeshake: { moduleSideEffects: true },
    logLevel: 'warn',
  });
  const dist = join(folder, 'dist');
  // Into a folder beside it and from there by rename: a program that loads dist meanwhile sees the old or the new. As deep as dist,
  // for the source maps.
  const fresh = join(folder, '.dist-fresh');
  await bundle.write({
    dir: fresh,
    format: 'esm',
    sourcemap: true,
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
    // Stack traces and stepping must read like the sources: names and lines stay. Docstrings are in the declarations.
    minify: { mangle: false, compress: false, codegen: { removeWhitespace: false, asciiOnly: true } },
    comments: false,
  });
  await bundle.close();
  const written = readdirSync(fresh);
  for (const file of written) {
    const text = readFileSync(join(fresh, file), 'utf8');
    if (file.endsWith('.js')) check(file, text);
    else checkMap(join(fresh, file), JSON.parse(text));
  }
  for (const file of written) renameSync(join(fresh, file), join(dist, file));
  rmSync(fresh, { recursive: true });
  // A chunk of an earlier build must not be published with this one.
  for (const file of readdirSync(dist)) {
    if (/\.js(\.map)?$/.test(file) && !written.includes(file)) rmSync(join(dist, file));
  }
}
