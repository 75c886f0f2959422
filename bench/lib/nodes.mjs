// Finds the other versions of Node that a run measures.
import { execFileSync } from 'node:child_process';

/**
 * Returns `{ version, path }` for each name. A name is a path, or a version such as `24`, which npx fetches.
 * The version that runs this process is left out. A version that cannot be fetched or run is left out too,
 * and `say` is called with the reason.
 */
export function findNodes(names, say) {
  return names.flatMap((name) => {
    try {
      const path = name.includes('/') ? name : fetch(name);
      const version = execFileSync(path, ['--version'], { encoding: 'utf8' }).trim();
      return version === process.version ? [] : [{ version, path }];
    } catch (error) {
      say(`node ${name} is left out: ${error.message.split('\n')[0]}`);
      return [];
    }
  });
}

function fetch(version) {
  return execFileSync('npx', ['-y', '-p', `node@${version}`, 'node', '-p', 'process.execPath'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}
