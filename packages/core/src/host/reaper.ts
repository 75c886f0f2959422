/**
 * The reaper: one small process beside each host, which ends plugins that outlive it.
 *
 * A plugin leaves by itself when descriptor 3 ends. One whose event loop is blocked never sees that. So a `/bin/sh`
 * reads process ids from a pipe that only the host holds; when the host goes, by whatever death, the pipe ends, and
 * 0.7 s later it kills those plugins that are still there, and still themselves. It costs 3.5 ms to start, after the
 * first plugin has been, and 1.7 MB. Where there is no `/bin/sh` (Windows), end of file is all a plugin gets.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

/**
 * Reads `+ PID BIRTH GROUP` and `- PID`. BIRTH is the process's start time as /proc has it, so that an id that was
 * given to another process since is left alone; where there is no /proc it is asked of ps at once. GROUP is 1 where
 * the whole process group is meant.
 */
const script = `
trap '' INT TERM HUP QUIT
birth() {
  if [ -r /proc/self/stat ]; then
    { read -r line < "/proc/$1/stat"; } 2>/dev/null || return 1
    set -- \${line##*) }
    shift 19
    echo "$1"
  else
    ps -o lstart= -p "$1" 2>/dev/null | tr -s ' ' _
  fi
}
known=''
forget() {
  rest=''
  for entry in $known; do
    case $entry in "$1":*) ;; *) rest="$rest $entry" ;; esac
  done
  known=$rest
}
while read -r verb pid born group; do
  forget "$pid"
  if [ "$verb" = + ]; then
    [ "$born" = ? ] && born=$(birth "$pid")
    known="$known $pid:$born:$group"
  fi
done
[ -n "$known" ] || exit 0
sleep 0.7 2>/dev/null || sleep 1
for entry in $known; do
  pid=\${entry%%:*}
  rest=\${entry#*:}
  born=\${rest%:*}
  group=\${rest##*:}
  now=$(birth "$pid")
  [ -n "$born" ] && [ "$now" = "$born" ] && kill -9 "$pid" 2>/dev/null
  # A group's id is not given away while it has members: without its leader it is still the same group.
  if [ "$group" = 1 ] && { [ -z "$now" ] || [ "$now" = "$born" ]; }; then kill -9 "-$pid" 2>/dev/null; fi
done
`;

interface Watched {
  readonly birth: string;
  readonly group: boolean;
}

const watched = new Map<number, Watched>();
let reaper: ChildProcess | undefined;
let unavailable = process.platform === 'win32';

/** True where plugins of this host are reaped: managed ones may then be asked politely when the host exits. */
export function isReaping(): boolean {
  return reaper !== undefined;
}

/** From now on the process must not outlive this host. Call it right after the spawn, while the id is surely the process's own. */
export function watch(pid: number, group: boolean): void {
  const entry = { birth: birthOf(pid), group };
  watched.set(pid, entry);
  if (reaper !== undefined) tell(line(pid, entry));
  // Behind the spawn, so that the plugin is under way before this costs anything.
  else setImmediate(start);
}

/** The process has ended: its id may mean another one soon. */
export function unwatch(pid: number): void {
  if (watched.delete(pid) && reaper !== undefined) tell(`- ${pid}\n`);
}

function start(): void {
  if (reaper !== undefined || unavailable || watched.size === 0) return;
  const child = spawn('/bin/sh', ['-c', script], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // A session of its own: a Ctrl-C or a closed terminal is for the host to answer.
    detached: true,
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
  });
  reaper = child;
  const lost = (): void => {
    if (reaper === child) reaper = undefined;
  };
  child.on('error', () => {
    unavailable = true;
    lost();
  });
  // Somebody killed it: the next start makes another, which hears of every plugin anew.
  child.on('exit', lost);
  child.stdin?.on('error', lost);
  child.unref();
  (child.stdin as Socket | null)?.unref();
  tell([...watched].map(([pid, entry]) => line(pid, entry)).join(''));
}

function tell(text: string): void {
  reaper?.stdin?.write(text);
}

function line(pid: number, entry: Watched): string {
  return `+ ${pid} ${entry.birth} ${entry.group ? 1 : 0}\n`;
}

/** Field 22 of /proc/PID/stat; `?` where the reaper has to ask. The name in field 2 may hold anything, so it is counted from behind it. */
function birthOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '?';
  } catch {
    return '?';
  }
}
