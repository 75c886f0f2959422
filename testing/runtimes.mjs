// The other runtimes in which plugins and hosts run. These runtimes are development dependencies. Each comes
// as a package for this platform, and the package runs no script when it is installed.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const places = { bun: 'bin/bun', deno: 'deno' };

/** Returns the program's file, or its name if the PATH has it; undefined if this platform has neither. */
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
