/** Checks the shell that ends blocked plugins when their host has died. */
import { limited, notHere, ok, type Check } from '../finding.ts';

export const outlives =
  'if a host dies, a plugin whose event loop is blocked may survive. Everything else works';

export const shellCheck: Check = {
  name: 'shell',
  startsPrograms: true,
  async run({ platform, runProgram }) {
    if (platform === 'win32') return notHere('Windows has no /bin/sh', outlives);
    const { stdout, problem } = await runProgram('/bin/sh', ['-c', 'echo $((6 * 7))']);
    if (stdout === '42') return ok('/bin/sh runs', 'it ends blocked plugins when their host has died');
    return limited(
      `/bin/sh does not run (${problem === '' ? 'it printed something else' : problem})`,
      outlives,
      'add a POSIX shell at /bin/sh: the package dash or busybox, or an image that has one',
    );
  },
};
