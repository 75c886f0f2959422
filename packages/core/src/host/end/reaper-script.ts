/** What the reaper runs, and how a process is told from a later one with its id. */

import { readFileSync } from 'node:fs';

/**
 * Reads `+ PID BIRTH GROUP` and `- PID`. BIRTH is the process's start time as /proc has it, so that an id that was
 * given to another process since is left alone; where there is no /proc it is asked of ps at once. GROUP is 1 where
 * the whole process group is meant.
 */
export const reaperScript: string = `
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

/** Who a process is. */
export interface Identity {
  /** Its start time; `?` where the reaper has to ask. */
  readonly birth: string;
  /** Its parent, where that can be told. */
  readonly parent: number | undefined;
}

/** Fields 22 and 4 of /proc/PID/stat. The name in field 2 may hold anything, so they are counted from behind it. */
export function identify(pid: number): Identity {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { birth: fields[19] ?? '?', parent: Number(fields[1]) };
  } catch {
    // No /proc here.
    return { birth: '?', parent: undefined };
  }
}
