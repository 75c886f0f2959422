// Describes the machine on which the numbers were measured.
import { arch, cpus, loadavg, platform, release } from 'node:os';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { canPin } from './cores.mjs';

export function describeMachine() {
  return {
    runtime: `node ${process.version}`,
    platform: `${platform()} ${release()} ${arch()}`,
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? 'unknown processor',
    pinned: canPin,
    date: new Date().toISOString(),
    versions: versions(),
  };
}

/** The one-minute load, which includes everything else that runs on this machine. */
export const loadNow = () => Number(loadavg()[0].toFixed(2));

function versions() {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const found = {};
  for (const name of Object.keys(manifest.dependencies)) {
    const path = createRequire(import.meta.url)
      .resolve.paths(name)
      .map((folder) => `${folder}/${name}/package.json`);
    for (const candidate of path) {
      try {
        found[name] = JSON.parse(readFileSync(candidate, 'utf8')).version;
        break;
      } catch {
        // the package is not in this folder, so the next folder up is tried
      }
    }
  }
  return found;
}
