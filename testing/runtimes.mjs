// Finds the other runtimes in which plugins and hosts run. These runtimes are development dependencies. Each
// is a package for this platform, which runs no script at its installation.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const places = { bun: 'bin/bun', deno: 'deno' };

/**
 * Returns the runtime's file in its package, or the runtime's name if the PATH has it; undefined if neither
 * works here.
 */
export function findRuntime(name) {
  const candidates = [...fromPackages(name), name];
  return candidates.find((file) => spawnSync(file, ['--version']).status === 0);
}

function fromPackages(name) {
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
    const require = createRequire(manifest);
    const { optionalDependencies } = require(manifest);
    return Object.keys(optionalDependencies).flatMap((platform) => {
      try {
        return join(dirname(require.resolve(`${platform}/package.json`)), places[name]);
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}
