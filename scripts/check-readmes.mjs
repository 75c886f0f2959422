// Fails if a package's README has a link that is dead on the registry. There, only the package's published
// files exist beside the README.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { posix } from 'node:path';

/** Returns the anchor that forges and the registry give to a heading. */
const anchorOf = (heading) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');

/** Returns the reason why a link in the README is dead; undefined if the link works. */
function deadness(target, folder, published, anchors) {
  if (/^(?:https?|mailto):/.test(target)) return undefined;
  if (target.startsWith('#')) return anchors.has(target.slice(1)) ? undefined : 'no heading has this anchor';
  const path = posix.normalize(target.replace(/#.*/, ''));
  if (path.startsWith('..') || path.startsWith('/')) return 'it leads out of the package';
  if (!existsSync(`${folder}/${path}`)) return 'there is no such file';
  if (!published.some((name) => path === name || path.startsWith(`${name}/`)))
    return 'package.json does not publish this file';
  return undefined;
}

let dead = 0;
for (const name of readdirSync('packages')) {
  const folder = `packages/${name}`;
  const { files = [] } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
  const readme = readFileSync(`${folder}/README.md`, 'utf8').replaceAll(/^```.*?^```$/gms, '');
  const anchors = new Set([...readme.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading)));
  for (const [, target] of readme.matchAll(/\]\(([^)\s]+)\)/g)) {
    const reason = deadness(target, folder, [...files, 'README.md', 'LICENSE', 'package.json'], anchors);
    if (reason === undefined) continue;
    dead += 1;
    console.log(`${folder}/README.md: the link to ${target} is dead on the registry: ${reason}`);
  }
}
if (dead > 0) process.exitCode = 1;
console.log(`${dead} dead links in the READMEs of packages`);
