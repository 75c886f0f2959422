// Fails when an import points the wrong way. The rules are ARCHITECTURE.md's, one line each.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

/** [files that are meant, what they may not import, why] */
const rules = [
  [/^packages\/mux\/src\//, /^(?!node:|packages\/)/, 'mux stands alone: node:* only'],
  [/^packages\/mux\/src\//, /^packages\/(?!mux\/)/, 'mux imports nothing of another package'],
  [/^packages\/core\/src\/rpc\//, /^packages\/core\/src\/(host|plugin)\//, 'rpc knows no processes'],
  [
    /^packages\/core\/src\/rpc\//,
    /^(node:child_process|execa|p-timeout|tinyglobby)$/,
    'rpc knows no processes',
  ],
  [
    /^packages\/core\/src\/handshake\//,
    /^packages\/core\/src\/(host|plugin|rpc)\/|^@pipework\/mux/,
    'handshake knows strings',
  ],
  [
    /^packages\/core\/src\/host\//,
    /^packages\/core\/src\/plugin\//,
    'host and plugin never import each other',
  ],
  [
    /^packages\/core\/src\/plugin\//,
    /^packages\/core\/src\/host\//,
    'host and plugin never import each other',
  ],
  [
    /^packages\/core\/src\/plugin(\/|\.ts$)/,
    /^(execa|p-timeout|tinyglobby)$/,
    'a plugin loads neither execa nor p-timeout',
  ],
  [/^packages\/core\//, /^@pipework\/testkit|^packages\/testkit\//, 'core does not know the testkit'],
  [/^packages\/testkit\//, /^packages\/(core|mux)\//, 'the testkit uses public names'],
  [/^(examples|bench|reliability)\//, /^packages\//, 'examples and benches use public names'],
];
const isTest = /(\.test|\.test-d)\.ts$|(^|\/)test\//;
const specifiers = /(?:from|import)\s*\(?\s*'([^']+)'/g;

function* sources(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (['node_modules', 'dist', 'results', 'fixtures'].includes(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (/\.(ts|mjs|js)$/.test(entry.name)) yield path.split(sep).join('/');
  }
}

let wrong = 0;
for (const file of ['packages', 'examples', 'bench', 'reliability'].flatMap((folder) => [
  ...sources(folder),
])) {
  if (isTest.test(file)) continue;
  for (const [, specifier] of readFileSync(file, 'utf8').matchAll(specifiers)) {
    const target = specifier.startsWith('.')
      ? relative('.', join(dirname(file), specifier))
          .split(sep)
          .join('/')
      : specifier;
    for (const [from, to, why] of rules) {
      if (!from.test(file) || !to.test(target)) continue;
      wrong++;
      console.error(`${file} imports ${specifier}: ${why}`);
    }
  }
}
if (wrong > 0) process.exitCode = 1;
