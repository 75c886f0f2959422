// Plugins under other runtimes than Node: how each is started, and one whole session with it.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const fixture = (name) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

/** Arguments before the plugin's file. Deno reads environment, files and process ids only where it is allowed to; it is given no network. */
export const runtimes = {
  bun: ['run'],
  deno: ['run', '--allow-env', '--allow-read', '--allow-sys'],
};

/** The session of fixtures/session.mjs with its plugin under the runtime at `file`. The result is `spawnSync`'s. */
export const runSession = (name, file) =>
  spawnSync(process.execPath, [fixture('session.mjs'), file, ...runtimes[name], fixture('plugin.mjs')], {
    encoding: 'utf8',
    timeout: 60_000,
  });
