/** Checks user namespaces, which bubblewrap needs for its sandboxes if it is not root. */
import { limited, notHere, ok, type Check, type Finding } from '../finding.ts';

const sandboxes = 'bubblewrap and other sandboxes can use them without the rights of root';

/**
 * Settings of the kernel that can forbid user namespaces: the file, the value that forbids them, and the
 * remedy.
 */
const settings = [
  ['/proc/sys/user/max_user_namespaces', '0', 'sysctl user.max_user_namespaces=10000'],
  ['/proc/sys/kernel/unprivileged_userns_clone', '0', 'sysctl kernel.unprivileged_userns_clone=1'],
  [
    '/proc/sys/kernel/apparmor_restrict_unprivileged_userns',
    '1',
    'give bwrap an AppArmor profile with userns, or sysctl kernel.apparmor_restrict_unprivileged_userns=0',
  ],
] as const;

export const namespacesCheck: Check = {
  name: 'namespaces',
  startsPrograms: true,
  async run({ platform, runProgram, read }) {
    if (platform !== 'linux')
      return notHere('only Linux has user namespaces', 'bubblewrap() works on Linux alone');
    const { ok: works, code, problem } = await runProgram('unshare', ['--user', '--map-root-user', 'true']);
    if (works) return ok('user namespaces can be made', sandboxes);
    const forbidding = settings.find(([file, value]) => read(file)?.trim() === value);
    // Without `unshare`, the check can only look at the settings.
    if (code === 'ENOENT' && forbidding === undefined)
      return ok(
        'no setting of the kernel forbids user namespaces (there is no unshare to try it)',
        sandboxes,
      );
    return refused(problem, forbidding);
  },
};

function refused(problem: string, forbidding: (typeof settings)[number] | undefined): Finding {
  const why = forbidding === undefined ? problem : `${forbidding[0]} is ${forbidding[1]}`;
  return limited(
    `user namespaces cannot be made (${why})`,
    'bubblewrap() starts no plugin, unless bwrap has the rights of root. Plugins without a sandbox run',
    forbidding?.[2] ??
      'in a container, allow unshare(2) in its seccomp profile. Otherwise ask the administrator of this machine',
  );
}
