/**
 * Tests the filter in an interpreter of its instructions, which finds out how the kernel would answer each
 * call.
 */
import { describe, expect, test } from 'vitest';
import { hasFilter, seccompFilter } from './seccomp.ts';

const audit = { x64: 0xc000003e, arm64: 0xc00000b7 };
const calls = {
  x64: { read: 0, ioctl: 16, socket: 41, socketpair: 53, clone: 56, fork: 57, execve: 59, ptrace: 101, unshare: 272, io_uring_setup: 425, clone3: 435, fchmod: 91, openat: 257, kill: 62, fcntl: 72, sendto: 44, sendmsg: 46, sendmmsg: 307, setpriority: 141, ioprio_set: 251 },
  arm64: { read: 63, ioctl: 29, socket: 198, socketpair: 199, clone: 220, fork: undefined, execve: 221, ptrace: 117, unshare: 97, io_uring_setup: 425, clone3: 435, fchmod: 52, openat: 56, kill: 129, fcntl: 25, sendto: 206, sendmsg: 211, sendmmsg: 269, setpriority: 140, ioprio_set: 30 },
}; // prettier-ignore
const [thread, newUser, newTime, signal] = [0x10000, 0x10000000, 0x80, 17];

/** Returns `allow`, `kill`, or the number of the error. */
function verdict(
  filter: Buffer,
  arch: number,
  number: number,
  args: number[] = [],
): number | 'allow' | 'kill' {
  const data = Buffer.alloc(64);
  data.writeInt32LE(number | 0, 0);
  data.writeUInt32LE(arch, 4);
  for (const [index, value] of args.entries()) data.writeBigUInt64LE(BigInt(value), 16 + 8 * index);
  let loaded = 0;
  for (let at = 0; at < filter.length; at += 8) {
    const [code, k] = [filter.readUInt16LE(at), filter.readUInt32LE(at + 4)];
    const jump = (holds: boolean): void => void (at += 8 * filter.readUInt8(at + (holds ? 2 : 3)));
    if (code === 0x20) loaded = data.readUInt32LE(k);
    else if (code === 0x54) loaded = (loaded & k) >>> 0;
    else if (code === 0x15) jump(loaded === k);
    else if (code === 0x35) jump(loaded >= k);
    else if (code === 0x45) jump((loaded & k) !== 0);
    else if (code === 0x06) return k === 0x7fff0000 ? 'allow' : k === 0x80000000 ? 'kill' : k & 0xffff;
    else throw new Error(`instruction ${code}`);
  }
  throw new Error('it ran off its end');
}

describe.each(['x64', 'arm64'] as const)('the filter for %s', (arch) => {
  const n = calls[arch];
  const asked = (policy: { run: boolean; net: boolean }, number: number, ...args: number[]): unknown =>
    verdict(seccompFilter(policy, arch), audit[arch], number, args);
  const least = { run: false, net: false };
  const most = { run: true, net: true };

  test('lets ordinary calls pass', () => {
    for (const policy of [least, most])
      for (const number of [n.read, n.execve]) expect(asked(policy, number)).toBe('allow');
    expect(asked(least, n.ioctl, 0, 0x5401)).toBe('allow');
  });

  test('always refuses new namespaces, typing into a terminal, and access to the memory of other processes', () => {
    for (const policy of [least, most]) {
      expect([asked(policy, n.ptrace), asked(policy, n.unshare)]).toEqual([1, 1]);
      expect([0x5412, 0x541c, 0x5423].map((request) => asked(policy, n.ioctl, 0, request))).toEqual([
        1, 1, 1,
      ]);
      for (const flag of [newUser, newTime]) expect(asked(policy, n.clone, signal | flag)).toBe(1);
    }
  });

  test('reports io_uring and clone3 as missing, so that libraries work without them', () => {
    expect([asked(most, n.io_uring_setup), asked(most, n.clone3)]).toEqual([38, 38]);
  });

  test('refuses to make a file that runs with its owner’s rights', () => {
    const [create, temporary] = [0o100, 0o20200000];
    for (const policy of [least, most]) {
      expect([asked(policy, n.fchmod, 3, 0o4755), asked(policy, n.fchmod, 3, 0o755)]).toEqual([1, 'allow']);
      expect([
        asked(policy, n.openat, 3, 0, create, 0o2644),
        asked(policy, n.openat, 3, 0, temporary, 0o4755),
      ]).toEqual([1, 1]);
      expect([
        asked(policy, n.openat, 3, 0, create, 0o644),
        asked(policy, n.openat, 3, 0, 0, 0o4755),
      ]).toEqual(['allow', 'allow']);
    }
  });

  test('always allows new threads, but allows new processes only with run', () => {
    expect([asked(least, n.clone, thread), asked(least, n.clone, signal)]).toEqual(['allow', 1]);
    expect(asked(most, n.clone, signal)).toBe('allow');
    if (n.fork !== undefined) expect([asked(least, n.fork), asked(most, n.fork)]).toEqual([1, 'allow']);
  });

  test('allows sockets only with net, apart from connected pairs', () => {
    const [stream, datagram, closeOnExec] = [1, 2, 0o2000000];
    expect([asked(least, n.socket, 1, stream), asked(most, n.socket, 1, stream)]).toEqual([13, 'allow']);
    expect(asked(least, n.socketpair, 1, stream | closeOnExec)).toBe('allow');
    expect([asked(least, n.socketpair, 1, datagram), asked(most, n.socketpair, 1, datagram)]).toEqual([
      13,
      'allow',
    ]);
  });

  test('with net, allows Unix, IPv4, IPv6 and netlink sockets, but no other family', () => {
    const [unix, internet, newer, netlink, alg, tipc, vsock] = [1, 2, 10, 16, 38, 30, 40];
    for (const family of [unix, internet, newer, netlink])
      expect(asked(most, n.socket, family, 1)).toBe('allow');
    expect([alg, tipc, vsock].map((family) => asked(most, n.socket, family, 1))).toEqual([97, 97, 97]);
    for (const policy of [least, most]) expect(asked(policy, n.socketpair, tipc, 1)).toBe(97);
  });

  test('refuses urgent data on sockets if net is false', () => {
    const [urgent, noSignal] = [1, 0x4000];
    const sends: [number, ...number[]][] = [[n.sendto, 0, 0, 0], [n.sendmsg, 0, 0], [n.sendmmsg, 0, 0, 0]]; // prettier-ignore
    for (const [number, ...before] of sends) {
      expect(asked(least, number, ...before, urgent | noSignal)).toBe(95);
      expect([asked(least, number, ...before, noSignal), asked(most, number, ...before, urgent)]).toEqual([
        'allow',
        'allow',
      ]);
    }
  });

  test('refuses leases, and refuses stop signals and signals without a name to the plugin’s own process group, which has processes outside of the sandbox', () => {
    const [lease, lock, flags] = [1024, 6, 3];
    for (const policy of [least, most]) {
      expect([lease, lock, flags].map((command) => asked(policy, n.fcntl, 5, command))).toEqual([
        1,
        'allow',
        'allow',
      ]);
      expect([19, 20, 21, 22].map((stop) => asked(policy, n.kill, 0, stop))).toEqual([1, 1, 1, 1]);
      expect([32, 34, 64].map((nameless) => asked(policy, n.kill, 0, nameless))).toEqual([1, 1, 1]);
      expect([asked(policy, n.kill, 0, 15), asked(policy, n.kill, 0, 31)]).toEqual(['allow', 'allow']);
      expect([asked(policy, n.kill, 7, 19), asked(policy, n.kill, 7, 34)]).toEqual(['allow', 'allow']);
    }
  });

  test('lets a plugin set the priority of one process, but not of its process group or its user', () => {
    for (const policy of [least, most]) {
      expect([0, 1, 2].map((which) => asked(policy, n.setpriority, which))).toEqual(['allow', 1, 1]);
      expect([1, 2, 3].map((which) => asked(policy, n.ioprio_set, which))).toEqual(['allow', 1, 1]);
    }
  });

  test('kills a program that uses the calls of another processor', () => {
    const filter = seccompFilter(most, arch);
    expect(verdict(filter, 0x40000003, n.read)).toBe('kill');
    if (arch === 'x64') expect(verdict(filter, audit.x64, 0x40000000 + n.read)).toBe('kill');
  });
});

test('there is a filter for x64 and arm64, but for no other processor', () => {
  expect([hasFilter('x64'), hasFilter('arm64'), hasFilter('riscv64')]).toEqual([true, true, false]);
});
