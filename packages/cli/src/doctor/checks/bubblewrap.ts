/** Tries the launcher `bubblewrap()` with a plugin. */
import { dirname } from 'node:path';
import { bubblewrap } from '@pipework/core';
import { limited, notHere, ok, type Check } from '../finding.ts';

export const bubblewrapCheck: Check = {
  name: 'bubblewrap',
  startsPrograms: true,
  async run({ platform, nodePath, onPath, trial, trialFiles }) {
    if (platform !== 'linux') return notHere('bubblewrap is for Linux', 'bubblewrap() works on Linux alone');
    const means = 'bubblewrap() starts no plugin. Plugins without a sandbox run';
    const bwrap = onPath('bwrap');
    if (bwrap === undefined) {
      return limited(
        'there is no bwrap in PATH',
        means,
        'install the package bubblewrap, if you want sandboxes',
      );
    }
    const readable = ['/', dirname(nodePath), trialFiles()];
    const reason = await trial({ launcher: bubblewrap({ readable }) });
    if (reason === undefined)
      return ok(`${bwrap} starts plugins`, 'bubblewrap() works: no network, a read-only file system');
    return limited(
      `${bwrap} starts no plugin (${reason})`,
      means,
      'see the line on namespaces; in a container, allow unshare(2) and mount(2) in its seccomp profile',
    );
  },
};
