/**
 * Finds each tool, and tries bubblewrap and systemd with a harmless program before they start a plugin.
 * Reports why a tool cannot be used.
 */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { bubblewrapArguments } from './bubblewrap.ts';
import { findHelper, type Found } from './helpers.ts';
import { busEnvironment, limitScript } from './keeper.ts';
import type { PlaceIndex } from './paths.ts';
import { hasFilter, seccompFilter } from './seccomp.ts';
import { read, readableKernelFiles } from './system.ts';

/** How long a trial may take, in milliseconds. A trial that hangs counts as failed. */
const trialMs = 10_000;

const works = new Set<string>();

/**
 * Finds out whether bubblewrap can make the sandbox. After a success, bubblewrap is not tried again. Throws
 * `ISOLATE_PATH`, and runs nothing, if the plugin could replace bubblewrap.
 */
export function probeBubblewrap(name: string, net: boolean, written: PlaceIndex): Found {
  if (process.platform !== 'linux')
    return { missing: `bubblewrap is for Linux, and this is ${process.platform}` };
  const found = findHelper(name, `bubblewrap (${name})`, 'bubblewrap', written);
  if (!('file' in found)) return found;
  const { file } = found;
  if (!hasFilter())
    return { missing: `there is no filter of system calls for processors of the kind ${process.arch}` };
  const key = `${file} ${net}`;
  if (works.has(key)) return { file };
  const everything = { given: '/', real: '/' };
  const view = {
    read: [everything],
    write: [],
    cwd: '/',
    net,
    masked: readableKernelFiles(),
    scratchBytes: 65_536,
  };
  // bubblewrap reads the filter from descriptor 0. The program that it runs in the sandbox is bubblewrap
  // again, because this file certainly exists.
  const { status, signal, stderr, error } = spawnSync(
    file,
    [...bubblewrapArguments(view, 0), file, '--version'],
    {
      input: seccompFilter({ run: false, net }),
      encoding: 'utf8',
      timeout: trialMs,
      env: {},
    },
  );
  if (status === 0) {
    works.add(key);
    return { file };
  }
  const said = stderr?.trim().split('\n').at(-1) ?? '';
  const reason = error?.message ?? (said === '' ? `it ended with ${signal ?? `exit code ${status}`}` : said);
  return { missing: `${file} cannot make a sandbox here: ${reason}. ${whatForbids(signal)}` };
}

/** Returns a sentence with the most likely cause why namespaces are forbidden, and the remedy. */
function whatForbids(signal: NodeJS.Signals | null): string {
  const isSet = (name: string, value: string): boolean => read(`/proc/sys/${name}`).trim() === value;
  if (signal === 'SIGSYS') return 'A filter around this host forbids a system call that bubblewrap needs';
  if (isSet('kernel/apparmor_restrict_unprivileged_userns', '1'))
    return 'AppArmor forbids user namespaces to programs without a profile: add one for bwrap with `userns,`, or set the sysctl kernel.apparmor_restrict_unprivileged_userns to 0';
  if (isSet('kernel/unprivileged_userns_clone', '0'))
    return 'This kernel gives user namespaces to root alone: set the sysctl kernel.unprivileged_userns_clone to 1';
  if (isSet('user/max_user_namespaces', '0'))
    return 'This kernel allows no user namespaces: set the sysctl user.max_user_namespaces to 10000';
  if (existsSync('/.dockerenv') || existsSync('/run/.containerenv'))
    return "The container's own filter forbids namespaces: run it with `--security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined`";
  return 'Bubblewrap needs user namespaces, which this machine or a sandbox around this host forbids';
}

/** Finds prlimit, which sets its own limits and then becomes the command in its arguments. */
export function probePrlimit(written: PlaceIndex): Found {
  if (process.platform !== 'linux')
    return { missing: `prlimit is for Linux, and this is ${process.platform}` };
  return findHelper('prlimit', 'prlimit', 'util-linux', written);
}

/** The result of each trial of systemd, by the file of systemd-run. */
const groups = new Map<string, Found>();

/**
 * Finds out whether systemd makes control groups for this user. Tries each systemd-run only once, and keeps
 * the result. Throws `ISOLATE_PATH`, and runs nothing, if the plugin could replace systemd-run.
 */
export function probeSystemd(shell: string | undefined, written: PlaceIndex): Found {
  if (!existsSync('/run/systemd/system')) return { missing: 'systemd does not run here' };
  if (shell === undefined) return { missing: 'there is no shell' };
  const found = findHelper('systemd-run', 'systemd-run', 'systemd', written);
  if (!('file' in found)) return found;
  const known = groups.get(found.file) ?? trySystemd(found.file, shell);
  groups.set(found.file, known);
  return known;
}

/**
 * Makes a control group with a memory limit, and reads the limit back. If systemd may not set the limit, it
 * leaves the limit out without an error. For example, in version 1 of control groups a user's systemd cannot
 * limit memory.
 */
function trySystemd(file: string, shell: string): Found {
  const limit = 2 ** 30;
  const { status, stdout, stderr } = spawnSync(file, [...scopeArguments(limit), shell, '-c', limitScript()], {
    encoding: 'utf8',
    timeout: trialMs,
    // Other variables of this host could make systemd-run load libraries that the plugin may write.
    env: busEnvironment(),
  });
  if (stdout?.split('\n').includes(String(limit)) === true) return { file };
  const said = status === 0 ? 'its group has no memory limit' : (stderr?.trim() ?? 'it hangs');
  return { missing: `systemd-run makes no control group: ${said}` };
}

/**
 * Returns the arguments of systemd-run before the command. systemd-run makes a new control group, and becomes
 * the command in it.
 */
export function scopeArguments(memoryBytes: number): string[] {
  const isRoot = process.getuid?.() === 0;
  const limits = [`MemoryMax=${memoryBytes}`, 'MemorySwapMax=0'].flatMap((limit) => ['-p', limit]);
  return [...(isRoot ? [] : ['--user']), '--scope', '--quiet', '--collect', ...limits, '--'];
}
