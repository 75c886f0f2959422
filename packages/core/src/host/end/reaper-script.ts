/** The script of the reaper, and the means to distinguish a process from a later process with the same id. */

import { existsSync, readFileSync, readlinkSync } from 'node:fs';

/** How the start time of a process can be found on this system: by `/proc`, or by asking `ps`. */
export type Identification = 'proc' | 'ps';

/**
 * The reaper's script. The script reads lines `+ PID BIRTH GROUP PIPE` (watch a process) and `- PID` (forget
 * it). The script's first argument says how processes are distinguished, `proc` or `ps`. Further arguments,
 * `PID:BIRTH:GROUP:PIPE`, are the processes that the reaper knows before it reads the first line. BIRTH is
 * the process's start time from /proc. The reaper spares a later process that has the same id and another
 * start time. With `ps`, BIRTH is `?`, and the script immediately asks `ps` for the start time. GROUP is 1 if
 * the whole process group is to be killed. PIPE is a `PipeName`, or `-`.
 *
 * The launched process may be a wrapper that forks the plugin. So every process that holds the plugin's end
 * of the pipe is killed too. While the wrapper holds the pipe, the script compares the sockets of other
 * processes with the wrapper's socket by `-ef`. The wrapper may have put another file at the descriptor, and
 * unrelated processes may have the same file open. So the wrapper's own descriptor is compared with PIPE
 * first. If the wrapper is gone, `ls` finds the processes whose socket has the number in PIPE. When no
 * process holds the socket any more, the kernel may reuse the socket's number, but only after 4 billion other
 * sockets. Right before a holder is killed, its descriptor is compared again.
 *
 * A plugin chooses its own name, which is part of /proc/PID/stat and may hold line breaks and parentheses. So
 * the script reads the whole file and looks for the fields after the last parenthesis. With /proc, the script
 * needs only the shell's own commands. If `sleep` is missing, the script reads /proc/uptime until the time is
 * over, or until no process is left to kill.
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
kill_holders() {
  still_holds "$1" "$2" || return
  for dir in /proc/[0-9]*; do
    other=\${dir#/proc/}
    [ "$other" != "$1" ] && [ "$dir/fd/$2" -ef "/proc/$1/fd/$2" ] && kill -9 "$other"
  done 2>/dev/null
}
# Succeeds if $1, a line of ls, shows one of the pipes in $gone. Sets other and fd.
is_holder() {
  number=\${1#* -> }
  case $number in 'socket:['*']') ;; *) return 1 ;; esac
  number=\${number#*[}
  number=\${number%]}
  path=\${1%% -> *}
  path=\${path##*/proc/}
  other=\${path%%/*}
  fd=\${path##*/}
  case $gone in *" $fd/$number "*) return 0 ;; esac
  return 1
}
# Succeeds if descriptor $2 of process $1 is still the pipe. Without ls, any socket counts as the pipe.
still_holds() {
  [ -S "/proc/$1/fd/$2" ] || return 1
  shown=$(ls -ln "/proc/$1/fd/$2" 2>/dev/null) || return 0
  is_holder "$shown"
}
kill_holders_of_gone() {
  ls -ln /proc/[0-9]*/fd/0 /proc/[0-9]*/fd/3 2>/dev/null | while read -r shown; do
    is_holder "$shown" || continue
    shown=$(ls -ln "/proc/$other/fd/$fd" 2>/dev/null)
    is_holder "$shown" && kill -9 "$other" 2>/dev/null
  done
}
while read -r verb pid born group pipe; do
  forget "$pid"
  if [ "$verb" = + ]; then
    if [ "$born" = ? ]; then
      born=''
      parent=$(ps -o ppid= -p "$pid" 2>/dev/null) && [ "$((parent))" = "$PPID" ] && born=$(birth "$pid")
    fi
    [ -n "$born" ] && known="$known $pid:$born:$group:\${pipe:--}"
  fi
done
[ -n "$known" ] || exit 0
wait_a_moment
gone=' '
for entry in $known; do
  pid=\${entry%%:*}
  rest=\${entry#*:}
  pipe=\${rest##*:}
  rest=\${rest%:*}
  born=\${rest%:*}
  group=\${rest##*:}
  now=$(birth "$pid")
  [ "$pipe" = - ] || gone="$gone$pipe "
  if [ "$now" = "$born" ]; then
    if [ "$pipe" != - ]; then
      # Stops the wrapper first. A shell would continue with its next command when the plugin ends.
      kill -STOP "$pid" 2>/dev/null
      kill_holders "$pid" "\${pipe%/*}"
    fi
    kill -9 "$pid" 2>/dev/null
  fi
  # The id of a group is not reused while the group has members, even if its leader is gone.
  if [ "$group" = 1 ] && { [ -z "$now" ] || [ "$now" = "$born" ]; }; then kill -9 "-$pid" 2>/dev/null; fi
done
[ "$gone" = ' ' ] || kill_holders_of_gone
`;

/**
 * Returns how processes are distinguished on this system; undefined if they cannot be distinguished. If /proc
 * belongs to another process id namespace, as after a bare `unshare --pid`, /proc describes other processes
 * under the same ids. The function then returns undefined.
 */
export function identification(): Identification | undefined {
  try {
    if (existsSync('/proc/self/stat'))
      return readlinkSync('/proc/self') === String(process.pid) ? 'proc' : undefined;
  } catch {
    return undefined;
  }
  // On Linux, ps is no alternative, because it reads /proc itself.
  const hasPs = process.platform !== 'linux' && ['/bin/ps', '/usr/bin/ps'].some((file) => existsSync(file));
  return hasPs ? 'ps' : undefined;
}

/** The facts that distinguish a process from others. */
export interface Identity {
  /** The process's start time from /proc; empty if the field is missing. */
  readonly birth: string;
  /** The process id of the parent. */
  readonly parent: number | undefined;
}

/**
 * Reads fields 22 and 4 of /proc/PID/stat. The name in field 2 may hold anything, so the fields are counted
 * from the name's end.
 */
export function identify(pid: number): Identity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { birth: fields[19] ?? '', parent: Number(fields[1]) };
  } catch {
    return undefined;
  }
}
