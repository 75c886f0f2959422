// Starts plugins and hosts under other runtimes than Node, and runs one whole session with each.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const fixture = (name) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

/**
 * For each runtime, the arguments that stand before the plugin's file. With these arguments, Deno lets the
 * plugin read the environment, files and process ids, but not use the network.
 */
export const runtimes = {
  bun: ['run'],
  deno: ['run', '--allow-env', '--allow-read', '--allow-sys'],
};

/**
 * Runs the session of fixtures/session.mjs with its plugin under the runtime at `file`. Returns the result of
 * `spawnSync`.
 */
export const runSession = (name, file) =>
  spawnSync(process.execPath, [fixture('session.mjs'), file, ...runtimes[name], fixture('plugin.mjs')], {
    encoding: 'utf8',
    timeout: 60_000,
  });

/** For each runtime, the arguments that stand before the host's file. */
const hostArguments = { bun: ['run'], deno: ['run', '--allow-all'] };

/**
 * Runs the session of fixtures/session.mjs with its host under the runtime at `file`, and its plugin under
 * Node.
 */
export const runHostSession = (name, file) =>
  spawnSync(file, [...hostArguments[name], fixture('session.mjs'), process.execPath, fixture('plugin.mjs')], {
    encoding: 'utf8',
    timeout: 60_000,
  });

/** Runs a host's edge cases: a start without a handshake, a plugin that blocks, a plugin that dies. */
export const runHostEdges = (name, file) =>
  spawnSync(file, [...hostArguments[name], fixture('host-edges.mjs'), process.execPath], {
    encoding: 'utf8',
    timeout: 60_000,
  });
