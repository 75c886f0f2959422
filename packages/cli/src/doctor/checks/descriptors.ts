/** Whether there is room for the descriptors of plugins. */
import { broken, limited, ok, type Check } from '../finding.ts';
import type { Probes } from '../probes.ts';

/** A start takes so many for a moment, and a running plugin keeps so many. */
const perStart = 12;
const perPlugin = 4;
/** What a process of Node has open, if it cannot be counted. */
const usuallyOpen = 24;

export const descriptorsCheck: Check = {
  name: 'descriptors',
  async run(probes) {
    if (probes.platform === 'win32')
      return ok('Windows sets no limit for one process', 'there is room for plugins');
    const limit = await limitOf(probes);
    // The listing itself has one open.
    const listed = probes.countIn('/proc/self/fd') ?? probes.countIn('/dev/fd');
    const open = listed === undefined ? usuallyOpen : listed - 1;
    const room = Math.max(0, Math.floor((limit - open - perStart) / perPlugin) + 1);
    const found = `${limit} descriptors for a process, of which this one uses ${open}`;
    // A pool runs a plugin a core if nothing else is said, and one more while it replaces one.
    const usual = probes.cores + 1;
    if (room >= usual)
      return ok(
        found,
        `room for ${room} plugins at once: each keeps ${perPlugin}, a start takes ${perStart} for a moment`,
      );
    const todo =
      'raise the limit: ulimit -n 1024, LimitNOFILE= of systemd, or --ulimit nofile=1024 of a container';
    if (room === 0) return broken(found, 'no plugin can be started', todo);
    return limited(
      found,
      `room for ${room} ${room === 1 ? 'plugin' : 'plugins'} at once: less than the ${usual} of a pool on this machine`,
      todo,
    );
  },
};

/** The limit of this process, which Node has raised as far as it may; that of a shell if there is no /proc. */
async function limitOf({ read, runProgram }: Probes): Promise<number> {
  const [, soft] = /^Max open files +(\S+)/m.exec(read('/proc/self/limits') ?? '') ?? [];
  const said = soft ?? (await runProgram('/bin/sh', ['-c', 'ulimit -n'])).stdout;
  return /^\d+$/.test(said) ? Number(said) : Infinity;
}
