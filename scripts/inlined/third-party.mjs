// Writes a package's THIRD-PARTY.md: name, version, address and licence of each other package that the build
// has put into its files.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** `output` is the list of written files that rolldown's `write` returns. */
export function writeThirdParty(folder, output) {
  const inside = new Map();
  for (const id of output.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []))) {
    const home = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id.replaceAll('\\', '/'))?.[1];
    if (home === undefined) continue;
    const { name } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
    inside.set(name, home);
  }
  if (inside.size === 0) return;
  const parts = [...inside].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, home]) => describe(home));
  const text = `# Software that is part of the files of this package\n\nWritten by the build.\n\n${parts.join('\n')}`;
  const path = join(folder, 'THIRD-PARTY.md');
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text);
}

function describe(home) {
  const { name, version, license, repository, homepage } = JSON.parse(
    readFileSync(join(home, 'package.json'), 'utf8'),
  );
  const from = homepage ?? repository?.url ?? repository;
  const address = /^[\w-]+\/[\w.-]+$/.test(from) ? `https://github.com/${from}` : from;
  const file = readdirSync(home).find((entry) => /^licen[cs]e(\.\w+)?$/i.test(entry));
  if (file === undefined) throw new Error(`${name} has no file with its licence, which has to be published`);
  const terms = readFileSync(join(home, file), 'utf8').replaceAll('\r\n', '\n').trim();
  return `## ${name} ${version}\n\n${address}, ${license}\n\n${terms}\n`;
}
