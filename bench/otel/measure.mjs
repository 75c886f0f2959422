// Measures one configuration of telemetry, with a new host and a new plugin. If the machine can pin
// processes, host and plugin run on one core.
import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const pathOf = (file) => fileURLToPath(new URL(file, import.meta.url));
const canPin = spawnSync('taskset', ['-c', '0', 'true']).status === 0;

/**
 * Resolves to `{ empty, busy }`, the microseconds of processor time that a call takes. `empty` is for a call
 * that adds two numbers, and `busy` is for a call that does some work.
 */
export const measure = (name) => run('host.mjs', name);

/** Resolves to `{ empty }`, the cost of the official SDK without any call (see sdk-alone.mjs). */
export const measureSDK = () => run('sdk-alone.mjs');

async function run(program, ...words) {
  const node = [process.execPath, pathOf(program), ...words];
  const [file, ...args] = canPin ? ['taskset', '-c', '0', ...node] : node;
  const { stdout } = await promisify(execFile)(file, args);
  return JSON.parse(stdout);
}
