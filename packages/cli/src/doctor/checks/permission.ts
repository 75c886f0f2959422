/**
 * Checks whether Node's permission model lets this process start plugins, and whether a plugin can run under
 * it.
 */
import { broken, limited, ok, type Check } from '../finding.ts';

export const permissionCheck: Check = {
  name: 'permission',
  async run({ nodeVersion, permissionFlag, mayStartProcesses, trial, trialFiles }) {
    if (!mayStartProcesses) {
      return broken(
        "this process runs under Node's permission model without --allow-child-process",
        'a host with these options starts no plugin',
        'add --allow-child-process to the options of Node, or to NODE_OPTIONS if they come from there',
      );
    }
    const means = 'plugins cannot run under it. For code that you do not trust, use a sandbox in any case';
    if (permissionFlag === undefined) {
      return limited(
        `Node ${nodeVersion} has no permission model`,
        means,
        'install a supported version of Node',
      );
    }
    const reason = await trial({ flags: [permissionFlag, `--allow-fs-read=${trialFiles()}/*`] });
    if (reason === undefined) {
      return ok(
        `a plugin runs with ${permissionFlag} --allow-fs-read=DIR`,
        'DIR has the files of the plugin. The model denies other files to honest code, but does not stop malicious code',
      );
    }
    return limited(
      `a plugin does not run with ${permissionFlag} (${reason})`,
      means,
      'look for other options in NODE_OPTIONS',
    );
  },
};
