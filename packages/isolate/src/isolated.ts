/** Makes the launcher from a policy. */

import type { Command, LaunchCommand, LaunchedProcess } from '@pipework/core';
import { launchPlan } from './launch.ts';
import { checkCommand, checkOptions, type IsolateOptions } from './options.ts';
import { makePlan, type Isolation } from './plan.ts';

/** A launcher that can describe how it isolates a plugin. */
export interface IsolatedLauncher {
  /**
   * Starts the plugin under the policy. The client calls this function. Rejects with an `IsolateError` if no
   * tool on this machine can enforce the policy.
   */
  (command: LaunchCommand): Promise<LaunchedProcess>;
  /**
   * Returns how the plugin would be isolated if `command` were started now. The plugin is not started. The
   * first call tries bubblewrap and systemd, and each trial blocks the process for about ten milliseconds. If
   * the start would fail with an `IsolateError`, throws that error.
   */
  describe(command: Command | LaunchCommand): Isolation;
}

/**
 * Returns a launcher that runs a plugin with as little trust as the machine allows. The launcher uses
 * bubblewrap with a filter of system calls. If bubblewrap cannot be used and `require` is `'runtime'`, the
 * launcher uses the permission model of Node or Deno. Every permission that is not listed is denied. If a
 * part of the policy cannot be enforced, the start is refused with a `StartError` that has an `IsolateError`
 * as its `cause`. Throws `CONFIG_INVALID` if an option is invalid. The exit report says in `held` what
 * enforced each permission. If a limit ended the plugin, the report also has `limit` and `reason`.
 *
 * @example
 * ```ts
 * import { Client } from '@pipework/core';
 * import { isolated } from '@pipework/isolate';
 *
 * const launcher = isolated({ read: ['node_modules', 'data'], write: ['cache'] });
 * await using client = new Client({ cmd: [process.execPath, 'plugin.js'], launcher });
 * await client.start(); // Rejects if this machine cannot hold the plugin to the list.
 * ```
 */
export function isolated(options: IsolateOptions = {}): IsolatedLauncher {
  const policy = checkOptions(options);
  const launch = async (command: LaunchCommand): Promise<LaunchedProcess> =>
    launchPlan(makePlan(policy, command), command, policy.resources);
  return Object.assign(launch, {
    describe: (command: Command | LaunchCommand) => makePlan(policy, toLaunch(command)).isolation,
  });
}

/** Returns `command` in the form in which a client with default options would pass it to the launcher. */
function toLaunch(command: Command | LaunchCommand): LaunchCommand {
  checkCommand(command);
  if ('handshakeEnv' in command) return command;
  const { file, args = [], cwd, env = {} } = 'file' in command ? command : listed(command);
  const merged = Object.entries({ ...process.env, ...env });
  const set = merged.filter((entry): entry is [string, string] => entry[1] !== undefined);
  return {
    file,
    args,
    cwd,
    env: Object.fromEntries(set),
    handshakeEnv: {},
    stdin: 'ignore',
    processGroup: false,
  };
}

function listed([file, ...args]: readonly [string, ...string[]]): Exclude<Command, readonly unknown[]> {
  return { file, args };
}
