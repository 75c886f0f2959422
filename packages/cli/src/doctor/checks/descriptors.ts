/** Checks whether there are enough descriptors for plugins. */
import { broken, limited, ok, type Check } from '../finding.ts';
import type { Probes } from '../probes.ts';

/**
 * How many descriptors the host needs while it starts a plugin, and how many it keeps open while the plugin
 * runs.
 */
const perStart = 12;
const perPlugin = 4;
/** How many descriptors a Node process usually has open. Used if this process cannot count its own. */
const usuallyOpen = 24;

export const descriptorsCheck: Check = {
  name: 'descriptors',
  async run(probes) {
    if (probes.platform === 'win32')
      return ok('Windows sets no limit for one process', 'there is room for plugins');
    const limit = await limitOf(probes);
    // The count includes the descriptor through which the folder is read.
    const listed = probes.countIn('/proc/self/fd') ?? probes.countIn('/dev/fd');
    const open = listed === undefined ? usuallyOpen : listed - 1;
    const room = Math.max(0, Math.floor((limit - open - perStart) / perPlugin) + 1);
    const found = `${limit} descriptors for a process, of which this one uses ${open}`;
    // By default a pool has at most one process for each core, and one more while it replaces a process.
    const usual = probes.cores + 1;
    if (room >= usual)
      return ok(
        found,
        `room for ${room} plugins at the same time: each keeps ${perPlugin}, and a start takes ${perStart} for a moment`,
      );
    const todo =
      'raise the limit: ulimit -n 1024, LimitNOFILE= of systemd, or --ulimit nofile=1024 of a container';
    if (room === 0) return broken(found, 'no plugin can be started', todo);
    return limited(
      found,
      `room for ${room} ${room === 1 ? 'plugin' : 'plugins'} at the same time, but a pool on this machine has up to ${usual}`,
      todo,
    );
  },
};

/**
 * Returns how many descriptors this process may open. Node has raised this limit to the highest allowed
 * value. Without /proc, returns the limit that a shell reports.
 */
async function limitOf({ read, runProgram }: Probes): Promise<number> {
  const [, soft] = /^Max open files +(\S+)/m.exec(read('/proc/self/limits') ?? '') ?? [];
  const said = soft ?? (await runProgram('/bin/sh', ['-c', 'ulimit -n'])).stdout;
  return /^\d+$/.test(said) ? Number(said) : Infinity;
}
