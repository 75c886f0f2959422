import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const probe = spawnSync(
  'python3',
  ['-c', 'import sys; assert sys.version_info >= (3, 9), sys.version; print(sys.executable, end="")'],
  { encoding: 'utf8' },
);

/**
 * The interpreter itself. The program `python3` may be a script that searches for an interpreter at each
 * start.
 */
export const python: string = probe.status === 0 ? probe.stdout : 'python3';

/** The command line of the plugin. -B leaves no compiled files beside the sources. */
export const command: [file: string, ...args: string[]] = [
  python,
  '-B',
  fileURLToPath(new URL('../../plugin.py', import.meta.url)),
];

/**
 * The reason why the plugin cannot run here, or undefined if it can. The names of skipped tests show this
 * reason.
 */
export const missing: string | undefined =
  probe.status === 0 ? undefined : `needs python3, 3.9 or newer: ${probe.error?.message ?? probe.stderr}`;
