// Measures one configuration in a new host and a new plugin. Host and plugin run on one core if the machine
// can pin processes.
import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const pathOf = (file) => fileURLToPath(new URL(file, import.meta.url));
const canPin = spawnSync('taskset', ['-c', '0', 'true']).status === 0;

/**
 * Resolves to the microseconds of processor time that a call takes: `empty` for a call that adds two numbers,
 * and `busy` for a call that does some work.
 */
export const measure = (name) => run('host.mjs', name);

/** Resolves to `{ empty }`, the cost of the SDK alone for a call that both processes record. */
export const measureSDK = () => run('sdk-alone.mjs');

async function run(program, ...words) {
  const node = [process.execPath, pathOf(program), ...words];
  const [file, ...args] = canPin ? ['taskset', '-c', '0', ...node] : node;
  const { stdout } = await promisify(execFile)(file, args);
  return JSON.parse(stdout);
}
