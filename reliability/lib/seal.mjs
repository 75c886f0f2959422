// The seal is a seccomp filter. It ends a process that calls socket, connect, bind, listen or accept.
// socketpair() stays allowed, because Node calls it to make the pipes for the stdio of a child. The two
// sockets of such a pair have no address, so no third process can connect to them.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * For each type of CPU, its number for seccomp (`audit`), and the numbers of the system calls that the seal
 * forbids.
 */
const machines = {
  x64: {
    audit: 0xc000003e,
    calls: { socket: 41, connect: 42, accept: 43, bind: 49, listen: 50, accept4: 288 },
  },
  arm64: {
    audit: 0xc00000b7,
    calls: { socket: 198, bind: 200, listen: 201, accept: 202, connect: 203, accept4: 242 },
  },
};
/**
 * Through an io_uring, a process could make the forbidden calls without seccomp's notice. Newer versions of
 * Node try to set up an io_uring, and also work without one. So the call that sets up an io_uring is refused,
 * but does not end the process.
 */
const IO_URING_SETUP = 425;
const REFUSE = 0x00050000 | 38; // SECCOMP_RET_ERRNO | ENOSYS

/** The names of the calls that the seal forbids, for messages. */
export const sealedCalls = Object.keys(machines.x64.calls);

const BPF_LOAD = 0x20; // BPF_LD | BPF_W | BPF_ABS
const BPF_EQUAL = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const BPF_AT_LEAST = 0x35; // BPF_JMP | BPF_JGE | BPF_K
const BPF_RETURN = 0x06; // BPF_RET | BPF_K
const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const AT_CALL = 0; // offsets in struct seccomp_data
const AT_MACHINE = 4;
const FIRST_X32_CALL = 0x40000000;

/**
 * Returns the filter in the kernel's form: an array of `struct sock_filter`, 8 bytes each, in the machine's
 * byte order.
 */
export function filter(arch = process.arch) {
  const machine = machines[arch];
  if (!machine) throw new Error(`the seal supports only x64 and arm64, and this is ${arch}`);
  const numbers = Object.values(machine.calls);
  // Without this check, a program could make a forbidden call by its number for x32, the 32-bit interface of
  // x64.
  const guard = arch === 'x64' ? [{ code: BPF_AT_LEAST, k: FIRST_X32_CALL, jump: 'kill' }] : [];
  const program = [
    { code: BPF_LOAD, k: AT_MACHINE },
    { code: BPF_EQUAL, k: machine.audit, otherwise: 'kill' },
    { code: BPF_LOAD, k: AT_CALL },
    ...guard,
    ...numbers.map((k) => ({ code: BPF_EQUAL, k, jump: 'kill' })),
    { code: BPF_EQUAL, k: IO_URING_SETUP, jump: 'refuse' },
    { code: BPF_RETURN, k: ALLOW },
    { code: BPF_RETURN, k: REFUSE },
    { code: BPF_RETURN, k: KILL_PROCESS },
  ];
  const targets = { kill: program.length - 1, refuse: program.length - 2 };
  const bytes = Buffer.alloc(program.length * 8);
  for (const [index, { code, k, jump, otherwise }] of program.entries()) {
    const distance = (label) => (label === undefined ? 0 : targets[label] - index - 1);
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(distance(jump), index * 8 + 2);
    bytes.writeUInt8(distance(otherwise), index * 8 + 3);
    bytes.writeUInt32LE(k, index * 8 + 4);
  }
  return bytes;
}

/** Returns why this machine cannot run programs under the seal. Returns undefined if a trial succeeds. */
export function whyNotSealed() {
  if (process.platform !== 'linux') return `seccomp exists only on Linux, and this is ${process.platform}`;
  if (!(process.arch in machines)) return `the seal supports only x64 and arm64, and this is ${process.arch}`;
  const { status, error, stderr } = runSealed([process.execPath, '-e', ''], { stdio: 'pipe' });
  if (status === 0) return undefined;
  return error
    ? `python3 does not start (${error.message})`
    : `the kernel refused the filter: ${stderr.toString()}`;
}

/**
 * Runs a command to its end under the seal. Returns the result of `spawnSync`. If the seal ended the command,
 * `signal` is SIGSYS.
 */
export function runSealed(command, options = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'pipework-seal-'));
  try {
    const file = join(folder, 'filter.bpf');
    writeFileSync(file, filter());
    const installer = fileURLToPath(new URL('seal.py', import.meta.url));
    return spawnSync('python3', [installer, file, ...command], { stdio: 'inherit', ...options });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * For each program and call, returns how often the seal has ended the program at this call. Counts from the
 * time `since`, in seconds of the machine's uptime. Returns undefined if the kernel's log cannot be read.
 */
export function endedBySeal(since) {
  const { status, stdout } = spawnSync('dmesg', [], { encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (status !== 0) return undefined;
  const names = Object.entries(machines[process.arch]?.calls ?? {});
  const ended = {};
  for (const line of stdout.split('\n')) {
    const [, at, comm, number] =
      /^\[ *([\d.]+)\] audit: type=1326 .* comm="([^"]*)".* syscall=(\d+) /.exec(line) ?? [];
    if (at === undefined || Number(at) < since) continue;
    const call = names.find(([, value]) => value === Number(number))?.[0] ?? `call ${number}`;
    const what = `${comm} at ${call}`;
    ended[what] = (ended[what] ?? 0) + 1;
  }
  return ended;
}
