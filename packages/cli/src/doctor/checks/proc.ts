/**
 * Checks whether this system shows when a process began. This time tells the process apart from a later one
 * with the same number.
 */
import { limited, notHere, ok, type Check } from '../finding.ts';
import { outlives } from './shell.ts';

export const procCheck: Check = {
  name: 'proc',
  run({ platform, pid, read, readLink, onPath }) {
    if (platform === 'win32') return notHere('Windows has no /proc', outlives);
    const tells = 'if a host dies, its blocked plugins are ended, and never another process';
    if (platform !== 'linux') {
      if (onPath('ps') !== undefined) return ok('ps is here in place of /proc', tells);
      return limited('there is no ps in PATH', outlives, 'add ps at /bin/ps');
    }
    if (read('/proc/self/stat') === undefined) {
      return limited(
        'there is no /proc',
        outlives,
        'mount it: mount -t proc proc /proc, or --proc /proc with bwrap',
      );
    }
    const shown = readLink('/proc/self');
    if (shown === String(pid)) return ok('/proc shows the processes of this namespace', tells);
    return limited(
      `/proc belongs to another process namespace: it shows process ${pid} as ${shown}`,
      outlives,
      'mount the /proc of this namespace: unshare --mount-proc, or --proc /proc with bwrap',
    );
  },
};
