import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The command line of the plugin. -B: leave no compiled files beside the sources. */
export const command: [file: string, ...args: string[]] = [
  'python3',
  '-B',
  fileURLToPath(new URL('../../plugin.py', import.meta.url)),
];

const version = spawnSync('python3', ['-c', 'import sys; assert sys.version_info >= (3, 9), sys.version']);

/** Why the plugin cannot run here, to be shown in the name of what is skipped; undefined where it can. */
export const missing: string | undefined =
  version.status === 0
    ? undefined
    : `needs python3, 3.9 or newer: ${String(version.error ?? version.stderr)}`;
