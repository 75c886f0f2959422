// Fails if a file imports from a higher folder or package, if files import each other in a circle, if a test
// imports internal files of a package without internals.ts, or if two classes have one name. ARCHITECTURE.md
// gives the order of the packages and folders. An import of a type also counts.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, sep } from 'node:path';

/**
 * The folders of core, bottom to top. A file imports only from its own folder and from the folders before it
 * in this list.
 */
const coreOrder = [
  'base',
  'handshake',
  'session',
  'rpc/api',
  'rpc/wire',
  'rpc/values',
  'rpc/messages',
  'rpc/sources',
  'rpc/remote',
  'rpc/streams',
  'rpc/references',
  'rpc/calls',
  'rpc/contract',
  'plugin/process',
  'plugin',
  'host/launch',
  'host/output',
  'host/end',
  'host/start',
  'host/discover',
  'host',
].map((folder) => `packages/core/src/${folder}/`);

/**
 * Whole packages, bottom to top. A package imports only public names of the packages before it in this list.
 */
const packageOrder = ['mux', 'core', 'fleet', 'isolate', 'otel', 'testkit', 'cli', 'create-pipework'].map(
  (name) => `packages/${name}/`,
);

/** [the files of the rule, the imports that they must not have, the reason] */
const rules = [
  [/^packages\/mux\/src\//, /^(?!node:|packages\/)/, 'mux stands alone: node:* only'],
  [
    /^packages\/core\/src\/host\//,
    /^packages\/core\/src\/plugin\//,
    'host and plugin never import each other',
  ],
  [
    /^packages\/core\/src\/(base|handshake|session|rpc)\//,
    /^(node:child_process|execa|p-timeout|tinyglobby)$/,
    'rpc and what is below it know no processes',
  ],
  [/^packages\/core\/src\/(base|handshake)\//, /^@pipework\/mux/, 'base and handshake know no mux'],
  [
    /^packages\/core\/src\/plugin(\/|\.ts$)/,
    /^(execa|p-timeout|tinyglobby)$/,
    'a plugin loads neither execa nor p-timeout nor tinyglobby',
  ],
  [/^(examples|bench)\//, /^packages\//, 'examples and programs use public names'],
  // The testkit publishes its programs as files, and its MessagePack coder is one of these files.
  [/^reliability\//, /^packages\/(?!testkit\/programs\/)/, 'programs use public names'],
];

/** Circles that are allowed, each with its reason. */
const allowedCircles = [
  // `stream.session` is public, and a session makes its streams. A stream imports only types of the session.
  ['packages/mux/src/mux-stream.ts', 'packages/mux/src/session.ts'],
];

const isTest = /(\.test|\.test-d)\.ts$|(^|\/)test\//;
const specifiers = /(?:\bfrom|\bimport|\brequire)\s*\(?\s*['"`]([^'"`]+)['"`]/g;
const toPosix = (path) => path.split(sep).join('/');

function* sources(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (['node_modules', '.stryker-tmp', 'dist', 'results', 'fixtures'].includes(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (/\.(ts|mjs|js)$/.test(entry.name)) yield toPosix(path);
  }
}

/** Removes docstrings, because their examples have imports too. */
const withoutDocstrings = (text) => text.replaceAll(/^ *\* .*$/gm, '');

/**
 * Returns the imported file of this repository, as a path from the root. For the public name of the file's
 * own package, this path is that of the package's entry. For another package, returns the specifier itself.
 */
function targetOf(specifier, file) {
  if (specifier.startsWith('.')) return posix.join(toPosix(dirname(file)), specifier).replace(/\.js$/, '.ts');
  const own = /^packages\/([\w-]+)\/src\//.exec(file)?.[1];
  const [, name, entry = 'index'] = /^@pipework\/([\w-]+)(?:\/([\w-]+))?$/.exec(specifier) ?? [];
  return name !== undefined && name === own ? `packages/${own}/src/${entry}.ts` : specifier;
}

/**
 * Returns every file with its imports, in the form that `targetOf` returns.
 */
function readImports() {
  const imports = new Map();
  for (const folder of ['packages', 'examples', 'bench', 'reliability']) {
    for (const file of sources(folder)) {
      if (isTest.test(file)) continue;
      const text = withoutDocstrings(readFileSync(file, 'utf8'));
      const targets = [...text.matchAll(specifiers)].map(([, specifier]) => targetOf(specifier, file));
      imports.set(file, targets);
    }
  }
  return imports;
}

/**
 * Returns the index in `coreOrder` of the deepest folder that holds the file. Returns -1 for an entry, or for
 * a file of another package.
 */
function level(file) {
  let found = -1;
  for (const [index, folder] of coreOrder.entries()) {
    if (file.startsWith(folder) && (found === -1 || folder.length > coreOrder[found].length)) found = index;
  }
  return found;
}

function* upwardImports(imports) {
  for (const [file, targets] of imports) {
    const own = level(file);
    if (own === -1 && /^packages\/core\/src\/.+\//.test(file))
      yield `${file}: its folder has no place in the order`;
    const ownPackage = packageOrder.findIndex((folder) => file.startsWith(folder));
    for (const target of targets) {
      if (own !== -1 && level(target) > own)
        yield `${file} imports ${target}: ${coreOrder[level(target)]} stands above ${coreOrder[own]}`;
      if (own !== -1 && /^packages\/core\/src\/[\w-]+\.ts$/.test(target))
        yield `${file} imports ${target}: an entry stands above every folder`;
      const other = packageOrder.findIndex((folder) => target.startsWith(folder));
      if (ownPackage !== -1 && other !== -1 && other !== ownPackage)
        yield `${file} imports ${target}: packages use each other's public names`;
      const named = packageOrder.findIndex((folder) => {
        const name = `@pipework/${folder.split('/')[1]}`;
        return target === name || target.startsWith(`${name}/`);
      });
      if (ownPackage !== -1 && named > ownPackage)
        yield `${file} imports ${target}: ${packageOrder[ownPackage]} stands below it`;
      for (const [from, to, why] of rules) {
        if (from.test(file) && to.test(target)) yield `${file} imports ${target}: ${why}`;
      }
    }
  }
}

/**
 * Returns groups of files that import each other in a circle, by Tarjan's algorithm for strongly connected
 * components.
 */
function circles(imports) {
  const found = [];
  const stack = [];
  const seen = new Map();
  const visit = (file) => {
    const node = { index: seen.size, low: seen.size, isOnStack: true };
    seen.set(file, node);
    stack.push(file);
    for (const target of imports.get(file)) {
      if (!imports.has(target)) continue;
      const known = seen.get(target);
      if (known === undefined) node.low = Math.min(node.low, visit(target).low);
      else if (known.isOnStack) node.low = Math.min(node.low, known.index);
    }
    if (node.low === node.index) {
      const group = stack.splice(stack.indexOf(file));
      for (const member of group) seen.get(member).isOnStack = false;
      if (group.length > 1) found.push(group.sort((a, b) => (a < b ? -1 : 1)));
    }
    return node;
  };
  for (const file of imports.keys()) if (!seen.has(file)) visit(file);
  return found;
}

/**
 * The test files that may import internal files of a package. `internals.ts` exports internals to tests.
 * `general-path.ts` replaces modules, and names them by their paths.
 */
const doors = /\/test\/support\/(internals|general-path)\.ts$/;

/** Yields each import of a test that names a source file instead of a public entry or internals.ts. */
function* importsPastTheDoor() {
  const entries = new Set();
  for (const name of readdirSync('packages')) {
    const { exports = {} } = JSON.parse(readFileSync(join('packages', name, 'package.json'), 'utf8'));
    for (const { '@pipework/source': source } of Object.values(exports))
      if (source !== undefined) entries.add(posix.join('packages', name, source));
  }
  for (const file of sources('packages')) {
    if (!file.split('/').includes('test') || doors.test(file)) continue;
    for (const [, specifier] of withoutDocstrings(readFileSync(file, 'utf8')).matchAll(specifiers)) {
      const target = posix.join(dirname(file), specifier);
      if (!specifier.startsWith('.') || !/^packages\/[\w-]+\/src\//.test(target) || entries.has(target))
        continue;
      yield `${file} imports ${target}: tests reach internals through test/support/internals.ts`;
    }
  }
}

/** Yields a sentence for each class that has the name of another class. */
function* sharedNames(files) {
  const known = new Map();
  for (const file of files) {
    if (!/^packages\/[\w-]+\/src\//.test(file)) continue;
    const classes = readFileSync(file, 'utf8').matchAll(/^(?:export )?(?:abstract )?class (\w+)/gm);
    for (const [, name] of classes) {
      if (known.has(name)) yield `${file} has a class ${name}, as ${known.get(name)} has: rename one of them`;
      known.set(name, file);
    }
  }
}

const imports = readImports();
const wrong = [...upwardImports(imports), ...importsPastTheDoor(), ...sharedNames(imports.keys())];
for (const group of circles(imports)) {
  if (allowedCircles.some((allowed) => allowed.join() === group.join())) continue;
  wrong.push(`a circle of imports: ${group.join(', ')}`);
}
for (const line of wrong) console.error(line);
if (wrong.length > 0) process.exitCode = 1;
