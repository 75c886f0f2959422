/** What the reaper runs, and how a process is told from a later one with its id. */

import { existsSync, readFileSync, readlinkSync } from 'node:fs';

/** How the start time of a process can be found out on this system: by `/proc`, or by asking `ps`. */
export type Identification = 'proc' | 'ps';

/**
 * Reads `+ PID BIRTH GROUP` and `- PID`. Its first argument says how processes are told apart, `proc` or `ps`; further ones
 * are what it knows from the beginning, `PID:BIRTH:GROUP`, so that no time passes in which it knows nothing. BIRTH is the start
 * time of the process as /proc has it, so that an id that was given to another process since is left alone; with `ps` it is
 * `?`, and asked at once. GROUP is 1 if the whole process group is meant.
 *
 * A plugin chooses its own name, which stands in /proc/PID/stat and may hold line breaks and parentheses. So the file is read
 * whole, and what counts begins behind its last parenthesis. Nothing but the shell's own commands is needed with /proc: if
 * `sleep` is missing, the time is read from /proc/uptime until it is over, or until nothing is left to kill.
 */
export const reaperScript: string = `
trap '' INT TERM HUP QUIT
mode=$1
shift
known=$*
birth() {
  if [ "$mode" = proc ]; then
    all=''
    { while read -r line || [ -n "$line" ]; do all="$all $line"; done < "/proc/$1/stat"; } 2>/dev/null
    [ -n "$all" ] || return 1
    set -- \${all##*)}
    shift 19 || return 1
    echo "$1"
  else
    ps -o lstart= -p "$1" 2>/dev/null | { read -r a b c d e && echo "$a.$b.$c.$d.$e"; }
  fi
}
forget() {
  rest=''
  for entry in $known; do
    case $entry in "$1":*) ;; *) rest="$rest $entry" ;; esac
  done
  known=$rest
}
is_left() {
  for entry in $known; do
    kill -0 "\${entry%%:*}" 2>/dev/null && return 0
  done
  return 1
}
clock() {
  read -r up rest < /proc/uptime && up=1\${up%.*}\${up#*.}
}
wait_a_moment() {
  sleep 0.7 2>/dev/null || sleep 1 2>/dev/null || {
    [ "$mode" = proc ] && clock || return
    end_at=$((up + 70))
    while [ "$up" -lt "$end_at" ] && is_left && clock; do :; done
  }
}
while read -r verb pid born group; do
  forget "$pid"
  if [ "$verb" = + ]; then
    if [ "$born" = ? ]; then
      born=''
      parent=$(ps -o ppid= -p "$pid" 2>/dev/null) && [ "$((parent))" = "$PPID" ] && born=$(birth "$pid")
    fi
    [ -n "$born" ] && known="$known $pid:$born:$group"
  fi
done
[ -n "$known" ] || exit 0
wait_a_moment
for entry in $known; do
  pid=\${entry%%:*}
  rest=\${entry#*:}
  born=\${rest%:*}
  group=\${rest##*:}
  now=$(birth "$pid")
  [ "$now" = "$born" ] && kill -9 "$pid" 2>/dev/null
  # A group's id is not given away while it has members: without its leader it is still the same group.
  if [ "$group" = 1 ] && { [ -z "$now" ] || [ "$now" = "$born" ]; }; then kill -9 "-$pid" 2>/dev/null; fi
done
`;

/**
 * How processes are told apart here; undefined if they cannot be. A /proc that belongs to another process id namespace, as in
 * a bare `unshare --pid`, tells of other processes under the same ids, so it is of no use.
 */
export function identification(): Identification | undefined {
  try {
    if (existsSync('/proc/self/stat'))
      return readlinkSync('/proc/self') === String(process.pid) ? 'proc' : undefined;
  } catch {
    return undefined;
  }
  // On Linux, ps reads /proc.
  const hasPs = process.platform !== 'linux' && ['/bin/ps', '/usr/bin/ps'].some((file) => existsSync(file));
  return hasPs ? 'ps' : undefined;
}

/** What tells a process from others. */
export interface Identity {
  /** Its start time; `?` if the reaper has to ask. */
  readonly birth: string;
  /** Its parent, if that can be told. */
  readonly parent: number | undefined;
}

/** Fields 22 and 4 of /proc/PID/stat. The name in field 2 may hold anything, so they are counted from behind it. */
export function identify(pid: number): Identity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { birth: fields[19] ?? '', parent: Number(fields[1]) };
  } catch {
    return undefined;
  }
}
