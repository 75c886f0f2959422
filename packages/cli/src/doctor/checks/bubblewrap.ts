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
    return limited(`${bwrap} starts no plugin (${reason})`, means, todoFor(reason));
  },
};

/** Expressions that match errors of bwrap, each with a remedy. The first match is used. */
const remedies: readonly (readonly [said: RegExp, todo: string])[] = [
  [/new namespace|[ug]id map|userns/, 'see the line on namespaces'],
  [
    /loopback/,
    'let bwrap make a network namespace, by an AppArmor profile with userns and net_admin, or use bubblewrap({ network: true })',
  ],
  [
    /\/proc|mount|newroot|oldroot|slave/,
    'see the line on proc; in a container, allow mount(2) in its seccomp profile, and unmask /proc (Docker: --security-opt systempaths=unconfined)',
  ],
];

function todoFor(reason: string): string {
  const said = /bwrap: .*/.exec(reason)?.[0] ?? '';
  return (
    remedies.find(([words]) => words.test(said))?.[1] ??
    'try what bwrap can do: bwrap --ro-bind / / --unshare-pid true'
  );
}
