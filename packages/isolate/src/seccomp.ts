/**
 * The filter of system calls that is used with bubblewrap. The filter enforces `run`, and the parts of the
 * policy that no namespace can enforce. This file is pure.
 */

/**
 * Numbers of system calls by processor, under Node's names for processors. 0 stands for a call that the
 * processor does not have.
 */
const numbers: Readonly<
  Record<string, { readonly audit: number; readonly calls: Readonly<Record<string, number>> }>
> = {
  x64: {
    audit: 0xc000003e,
    // prettier-ignore
    calls: {
      open: 2, ioctl: 16, socket: 41, connect: 42, accept: 43, sendto: 44, sendmsg: 46, bind: 49, listen: 50, socketpair: 53, clone: 56, fork: 57, vfork: 58,
      kill: 62, fcntl: 72, creat: 85, chmod: 90, fchmod: 91, ptrace: 101, syslog: 103, mknod: 133, setpriority: 141, modify_ldt: 154, pivot_root: 155, chroot: 161, acct: 163, settimeofday: 164, mount: 165,
      umount2: 166, swapon: 167, swapoff: 168, reboot: 169, iopl: 172, ioperm: 173, init_module: 175, delete_module: 176,
      quotactl: 179, clock_settime: 227, kexec_load: 246, add_key: 248, request_key: 249, keyctl: 250, ioprio_set: 251, migrate_pages: 256,
      openat: 257, mknodat: 259, fchmodat: 268, unshare: 272, move_pages: 279, accept4: 288, perf_event_open: 298, fanotify_init: 300, name_to_handle_at: 303,
      open_by_handle_at: 304, sendmmsg: 307, setns: 308, process_vm_readv: 310, process_vm_writev: 311, kcmp: 312, finit_module: 313,
      kexec_file_load: 320, bpf: 321, userfaultfd: 323,
    },
  },
  arm64: {
    audit: 0xc00000b7,
    // prettier-ignore
    calls: {
      fcntl: 25, ioctl: 29, ioprio_set: 30, mknodat: 33, umount2: 39, mount: 40, pivot_root: 41, chroot: 51, fchmod: 52, fchmodat: 53, openat: 56, quotactl: 60, acct: 89, unshare: 97, kexec_load: 104,
      init_module: 105, delete_module: 106, clock_settime: 112, syslog: 116, ptrace: 117, kill: 129, setpriority: 140, reboot: 142, settimeofday: 170,
      socket: 198, socketpair: 199, bind: 200, listen: 201, accept: 202, connect: 203, sendto: 206, sendmsg: 211, add_key: 217, request_key: 218,
      keyctl: 219, clone: 220, swapon: 224, swapoff: 225, migrate_pages: 238, move_pages: 239, perf_event_open: 241,
      accept4: 242, fanotify_init: 262, name_to_handle_at: 264, open_by_handle_at: 265, setns: 268, sendmmsg: 269, process_vm_readv: 270,
      process_vm_writev: 271, kcmp: 272, finit_module: 273, bpf: 280, userfaultfd: 282, kexec_file_load: 294,
    },
  },
};

/** Calls of newer kernels. The numbers of these calls are the same on all processors. */
// prettier-ignore
const commonNumbers: Readonly<Record<string, number>> = {
  io_uring_setup: 425, io_uring_enter: 426, io_uring_register: 427, open_tree: 428, move_mount: 429, fsopen: 430, fsconfig: 431,
  fsmount: 432, fspick: 433, clone3: 435, openat2: 437, pidfd_getfd: 438, mount_setattr: 442, quotactl_fd: 443, fchmodat2: 452, open_tree_attr: 467,
};

/**
 * Calls on keys, mounts, namespaces, the machine's state, and the memory and descriptors of other processes.
 * No plugin needs them.
 */
const alwaysRefused =
  'ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd keyctl add_key request_key bpf perf_event_open userfaultfd mount umount2 pivot_root move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr open_tree_attr unshare setns chroot kexec_load kexec_file_load init_module finit_module delete_module swapon swapoff reboot acct quotactl quotactl_fd iopl ioperm modify_ldt name_to_handle_at open_by_handle_at settimeofday clock_settime syslog fanotify_init move_pages migrate_pages'.split(
    ' ',
  );

/**
 * Calls that are reported as missing. Through an io_uring, a program could make calls that no filter sees.
 * The other two calls have arguments that a filter cannot read. Libraries work without these calls if the
 * kernel reports them as missing.
 */
const missing = ['io_uring_setup', 'io_uring_enter', 'io_uring_register', 'clone3', 'openat2'];

/**
 * Calls that set the mode of a file, with the position of the mode in their arguments. For calls that open a
 * file, the position of the flags follows.
 */
const modeCalls: readonly (readonly [name: string, mode: number, flags?: number])[] = [
  ['chmod', 1],
  ['fchmod', 1],
  ['fchmodat', 2],
  ['fchmodat2', 2],
  ['creat', 1],
  ['mknod', 1],
  ['mknodat', 2],
  ['open', 2, 1],
  ['openat', 3, 2],
];

/**
 * The calls on a socket. A socket in the file system can be reached from another network namespace, so
 * without `net` the filter refuses these calls too.
 */
const socketCalls = ['connect', 'bind', 'listen', 'accept', 'accept4'];

/** Calls that send on a socket, with the position of the flags in their arguments. */
const sendCalls: readonly (readonly [name: string, flags: number])[] = [
  ['sendto', 3],
  ['sendmsg', 2],
  ['sendmmsg', 3],
];

/** Calls that set a priority. If the first argument is `ofProcess`, they set it for one process only. */
const priorityCalls: readonly (readonly [name: string, ofProcess: number])[] = [
  ['setpriority', 0],
  ['ioprio_set', 1],
];

const forkCalls = ['fork', 'vfork'];

const EPERM = 1;
const EACCES = 13;
const ENOSYS = 38;
const EOPNOTSUPP = 95;
const EAFNOSUPPORT = 97;

// Instructions of the classic packet filter: load a word, compare, return.
const LOAD = 0x20;
const EQUAL = 0x15;
const AT_LEAST = 0x35;
const ANY_BIT = 0x45;
const AND = 0x54;
const RETURN = 0x06;

const KILL = 0x80000000;
const ALLOW = 0x7fff0000;
const fail = (errno: number): number => 0x00050000 | errno;

// Offsets in the data that the kernel gives to the filter.
const callNumber = 0;
const processor = 4;
const argument = (index: number): number => 16 + 8 * index;

/** The first number of the calls of x32, which is a second set of numbers for the calls of x64. */
const firstOfX32 = 0x40000000;

/**
 * The mode bits of a file that runs with its owner's rights. If a plugin could leave such a file on the host,
 * other users could get the rights of the host's user.
 */
const setIdBits = 0o6000;
/** The flags with which an `open` creates a file. Without these flags, the mode has no effect. */
const making = 0o20000100;
/**
 * Requests of `ioctl`. The first types into a terminal as if the user typed, the second controls the console,
 * and the third loads another line discipline into the kernel.
 */
const ofTerminals = [0x5412, 0x541c, 0x5423];
/**
 * The command of `fcntl` that sets a lease. With a lease, the owner of a file can delay each program that
 * opens it.
 */
const setLease = 1024;
/** SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU. */
const stopping = [19, 20, 21, 22];
/**
 * The first of the signals without a name. If one of them ended bubblewrap, Node would report the exit code 0.
 */
const firstNameless = 32;
/** The families of sockets that `net` grants: Unix, IPv4, IPv6, and netlink, which lists interfaces. */
const families = [1, 2, 10, 16];
const unixFamily = 1;
/**
 * The flag of urgent data. Programs do not use urgent data on Unix sockets, and the kernel's code for it had
 * security holes.
 */
const urgent = 1;
const newThread = 0x10000;
/** All flags of `clone` that create a namespace. */
const newNamespaces = 0x7e020080;
/**
 * `typeMask` selects the type of a socket from the type argument, without the flags. A pair of sockets of
 * `connectedType` cannot send to any other address.
 */
const typeMask = 0xff;
const connectedType = 1;

interface Step {
  readonly code: number;
  readonly k: number;
  /** How many steps to skip if the comparison is true (`yes`) or false (`no`). */
  readonly yes?: number;
  readonly no?: number;
}

/** True if there is a filter for processors of this kind. */
export function hasFilter(arch: string = process.arch): boolean {
  return arch in numbers;
}

/**
 * Returns the filter as bubblewrap reads it, an array of the kernel's `struct sock_filter`. The filter
 * refuses a call with EPERM, EACCES, ENOSYS, EOPNOTSUPP or EAFNOSUPPORT. It kills only a program that uses
 * another processor's calls. {@link hasFilter} must be true for `arch`.
 */
export function seccompFilter(
  policy: { readonly run: boolean; readonly net: boolean },
  arch: string = process.arch,
): Buffer {
  const machine = numbers[arch];
  if (machine === undefined) throw new Error(`there is no filter for ${arch}`);
  const numberOf = (name: string): number | undefined => machine.calls[name] ?? commonNumbers[name];
  const refuse = (names: readonly string[], errno: number): Step[] =>
    names.flatMap((name) => when(numberOf(name), [{ code: RETURN, k: fail(errno) }]));
  const refused = { code: RETURN, k: fail(EPERM) };
  const ofFamilies = (granted: readonly number[]): Step[] =>
    when(numberOf('socket'), [
      { code: LOAD, k: argument(0) },
      ...granted.flatMap((k) => [
        { code: EQUAL, k, no: 1 },
        { code: RETURN, k: ALLOW },
      ]),
      { code: RETURN, k: fail(EAFNOSUPPORT) },
    ]);
  const urgentSends = sendCalls.flatMap(([name, flags]) =>
    when(numberOf(name), [
      { code: LOAD, k: argument(flags) },
      { code: ANY_BIT, k: urgent, no: 1 },
      { code: RETURN, k: fail(EOPNOTSUPP) },
      { code: RETURN, k: ALLOW },
    ]),
  );
  const steps: Step[] = [
    { code: LOAD, k: processor },
    { code: EQUAL, k: machine.audit, yes: 1 },
    { code: RETURN, k: KILL },
    { code: LOAD, k: callNumber },
    ...(arch === 'x64'
      ? [
          { code: AT_LEAST, k: firstOfX32, no: 1 },
          { code: RETURN, k: KILL },
        ]
      : []),
    ...refuse(alwaysRefused, EPERM),
    ...refuse(missing, ENOSYS),
    ...modeCalls.flatMap(([name, mode, flags]) =>
      when(numberOf(name), [
        ...(flags === undefined
          ? []
          : [
              { code: LOAD, k: argument(flags) },
              { code: ANY_BIT, k: making, yes: 1 },
              { code: RETURN, k: ALLOW },
            ]),
        { code: LOAD, k: argument(mode) },
        { code: ANY_BIT, k: setIdBits, no: 1 },
        refused,
        { code: RETURN, k: ALLOW },
      ]),
    ),
    ...when(numberOf('ioctl'), [
      { code: LOAD, k: argument(1) },
      ...ofTerminals.flatMap((k) => [{ code: EQUAL, k, no: 1 }, refused]),
      { code: RETURN, k: ALLOW },
    ]),
    ...when(numberOf('fcntl'), [
      { code: LOAD, k: argument(1) },
      { code: EQUAL, k: setLease, no: 1 },
      refused,
      { code: RETURN, k: ALLOW },
    ]),
    // Bubblewrap and the keeper are in the plugin's process group, but outside of the sandbox. If the plugin
    // changed the priority of its group, it would change theirs. If it suspended them, as SIGSTOP does, they
    // would survive the end of the host.
    ...priorityCalls.flatMap(([name, ofProcess]) =>
      when(numberOf(name), [
        { code: LOAD, k: argument(0) },
        { code: EQUAL, k: ofProcess, yes: 1 },
        refused,
        { code: RETURN, k: ALLOW },
      ]),
    ),
    ...when(numberOf('kill'), [
      { code: LOAD, k: argument(0) },
      { code: EQUAL, k: 0, yes: 1 },
      { code: RETURN, k: ALLOW },
      { code: LOAD, k: argument(1) },
      ...stopping.flatMap((k) => [{ code: EQUAL, k, no: 1 }, refused]),
      { code: AT_LEAST, k: firstNameless, no: 1 },
      refused,
      { code: RETURN, k: ALLOW },
    ]),
    ...when(numberOf('clone'), [
      { code: LOAD, k: argument(0) },
      { code: ANY_BIT, k: newNamespaces, no: 1 },
      refused,
      ...(policy.run ? [] : [{ code: ANY_BIT, k: newThread, yes: 1 }, refused]),
      { code: RETURN, k: ALLOW },
    ]),
    ...(policy.run ? [] : refuse(forkCalls, EPERM)),
    ...(policy.net ? ofFamilies(families) : [...refuse(['socket', ...socketCalls], EACCES), ...urgentSends]),
    ...when(numberOf('socketpair'), [
      { code: LOAD, k: argument(0) },
      { code: EQUAL, k: unixFamily, yes: 1 },
      { code: RETURN, k: fail(EAFNOSUPPORT) },
      ...(policy.net
        ? []
        : [
            { code: LOAD, k: argument(1) },
            { code: AND, k: typeMask },
            { code: EQUAL, k: connectedType, yes: 1 },
            { code: RETURN, k: fail(EACCES) },
          ]),
      { code: RETURN, k: ALLOW },
    ]),
    { code: RETURN, k: ALLOW },
  ];
  return assemble(steps);
}

/**
 * Returns `steps` after a comparison, so that they run only for the call `number`; no steps if the processor
 * has no such call. `steps` must end with a return.
 */
function when(number: number | undefined, steps: readonly Step[]): Step[] {
  return number === undefined ? [] : [{ code: EQUAL, k: number, no: steps.length }, ...steps];
}

function assemble(steps: readonly Step[]): Buffer {
  const bytes = Buffer.alloc(steps.length * 8);
  for (const [index, { code, k, yes = 0, no = 0 }] of steps.entries()) {
    const at = index * 8;
    bytes.writeUInt16LE(code, at);
    bytes.writeUInt8(yes, at + 2);
    bytes.writeUInt8(no, at + 3);
    bytes.writeUInt32LE(k >>> 0, at + 4);
  }
  return bytes;
}
