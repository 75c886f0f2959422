// A separate systemd, booted in namespaces, with its own units, /run, /tmp and control groups. It needs root.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const systemd = ['/lib/systemd/systemd', '/usr/lib/systemd/systemd'].find((file) => existsSync(file));
const mounted = '/sys/fs/cgroup';

/**
 * A script whose arguments are control groups, then `--`, then a command. It joins these groups, and then
 * becomes the command, which is `unshare`. `unshare` makes a namespace for control groups, in which these
 * groups are the root groups.
 */
const joinGroups = `
for group; do shift; [ "$group" = -- ] && break; echo $$ > "$group/cgroup.procs"; done
exec "$@"`;

/**
 * The script that prepares the namespaces, and then becomes systemd. systemd's own units would empty the real
 * /tmp and repeat mounts. So this systemd gets only one unit. If the script cannot mount a new /tmp and /run,
 * systemd is not started. The script's arguments are the controllers that version 1 of control groups
 * manages. If there are no arguments, the script mounts only version 2 of control groups.
 */
const boot = `set -eu
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
[ -z "$(ls -A /tmp)" ]
if [ $# = 0 ]; then mount -t cgroup2 cgroup2 ${mounted}; else
  mount -t tmpfs -o mode=755 tmpfs ${mounted}
  mkdir ${mounted}/systemd ${mounted}/unified
  mount -t cgroup -o none,name=systemd cgroup ${mounted}/systemd
  mount -t cgroup2 cgroup2 ${mounted}/unified
  for kind; do mkdir "${mounted}/$kind"; mount -t cgroup -o "$kind" cgroup "${mounted}/$kind"; done
fi
mkdir /run/units
echo '[Unit]' > /run/units/pipework.target
echo 'DefaultDependencies=no' >> /run/units/pipework.target
export container=unshare SYSTEMD_UNIT_PATH=/run/units SYSTEMD_GENERATOR_PATH=/run/none SYSTEMD_ENVIRONMENT_GENERATOR_PATH=/run/none
exec ${systemd} --system --unit=pipework.target --log-target=null`;

const namespaces = '--pid --fork --kill-child --mount --uts --ipc --cgroup --mount-proc'.split(' ');

/**
 * Returns `{ kinds, directories }`. `kinds` has the controllers that version 1 of control groups manages.
 * `directories` has a directory for this systemd in each hierarchy of control groups. If `isUnified` is true,
 * this systemd uses only version 2 of control groups, with the controllers that version 1 does not manage.
 */
function groupDirectories(name, isUnified = false) {
  const lines = readFileSync('/proc/self/cgroup', 'utf8').trim().split('\n');
  const own = new Map(lines.map((line) => [line.split(':')[1], line.split(':').slice(2).join(':')]));
  const kinds = ['memory', 'pids'].filter((kind) => own.has(kind));
  if (isUnified && kinds.length > 0)
    return { kinds: [], directories: [join(mounted, 'unified', own.get(''), name)] };
  const at = (directory, kind) => join(mounted, directory, own.get(kind) ?? '/', name);
  const directories =
    kinds.length === 0
      ? [join(mounted, name)]
      : [at('systemd', 'name=systemd'), at('unified', ''), ...kinds.map((kind) => at(kind, kind))];
  return { kinds, directories };
}

/** True if version 1 of control groups manages memory on this machine. */
export const hasMemoryInVersion1 = () => groupDirectories('').kinds.includes('memory');

/** Returns why this machine cannot boot a systemd, or undefined if no obstacle is known. */
export function whyNoSystemd() {
  if (process.platform !== 'linux') return `it needs Linux, and this is ${process.platform}`;
  if (process.getuid() !== 0) return 'it needs root';
  if (systemd === undefined) return 'there is no systemd';
  for (const program of ['unshare', 'nsenter', 'setpriv', 'systemd-run'])
    if (spawnSync(program, ['--version']).error !== undefined) return `there is no ${program}`;
  const { kinds } = groupDirectories('');
  if (!kinds.includes('memory') && !/\bmemory\b/.test(readText(`${mounted}/cgroup.subtree_control`)))
    return 'there are no control groups of memory';
  const hidden = [root, process.execPath].find((path) => /^\/(tmp|run)\//.test(path));
  return hidden === undefined ? undefined : `it would hide ${hidden}`;
}

/**
 * Boots a systemd. Rejects if it does not boot. Otherwise resolves with `{ run, stop }`. `run` runs a command
 * in the namespaces of this systemd, and resolves with the command's exit code and output.
 */
export async function bootSystemd({ isUnified = false } = {}) {
  const name = `pipework-systemd-${process.pid}${isUnified ? '-unified' : ''}`;
  const { kinds, directories } = groupDirectories(name, isUnified);
  const made = [];
  let child;
  const stop = async () => {
    // When the first process of a namespace is killed, the kernel ends all the other processes there. The
    // first process ends last.
    const first = child === undefined ? undefined : firstOf(child.pid);
    if (child?.exitCode === null && child.signalCode === null) {
      process.kill(first ?? child.pid, 'SIGKILL');
      await once(child, 'exit');
    }
    made.forEach(removeGroup);
  };
  try {
    for (const directory of directories) {
      mkdirSync(directory);
      made.push(directory);
    }
    const becomes = ['unshare', ...namespaces, 'sh', '-c', boot, 'boot', ...kinds];
    const joins = ['sh', '-c', joinGroups, 'join', ...directories, '--', ...becomes];
    child = spawn('setpriv', ['--pdeathsig', 'KILL', ...joins], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (piece) => (said += piece));
    const inside = (command) => ['-t', String(firstOf(child.pid)), '-p', '-m', '-u', '-i', '-C', ...command];
    for (let tries = 0; ; tries++) {
      if (child.exitCode !== null || tries > 500) throw new Error(`systemd does not boot: ${said.trim()}`);
      const first = firstOf(child.pid);
      // The first process runs the boot script before it becomes systemd. Until the script has mounted a new
      // /run, the process sees the machine's /run.
      const isUp = first !== undefined && readText(`/proc/${first}/comm`).trim() === 'systemd';
      if (isUp && existsSync(`/proc/${first}/root/run/systemd/private`)) break;
      await sleep(20);
    }
    return {
      stop,
      run: async (command, options = {}) => {
        const one = spawn('nsenter', inside(command), { stdio: ['ignore', 'pipe', 'inherit'], ...options });
        const [printed, [code]] = await Promise.all([one.stdout.toArray(), once(one, 'exit')]);
        return { code, printed: Buffer.concat(printed).toString() };
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Returns the pid of the first process in the new namespace; undefined if there is none. The parameter is the
 * pid of `unshare`.
 */
function firstOf(pid) {
  const first = readText(`/proc/${pid}/task/${pid}/children`).trim().split(' ')[0];
  return first === '' ? undefined : Number(first);
}

function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function removeGroup(directory) {
  for (const entry of readdirSync(directory, { withFileTypes: true }))
    if (entry.isDirectory()) removeGroup(join(directory, entry.name));
  rmdirSync(directory);
}
