/**
 * Lists the places of the system that a plugin sees, if they exist, beside the places that the user lists.
 */

import { accessSync, constants, readFileSync } from 'node:fs';

const libraryDirectories = [
  '/lib',
  '/lib32',
  '/lib64',
  '/libx32',
  '/usr/lib',
  '/usr/lib32',
  '/usr/lib64',
  '/usr/local/lib',
  '/nix/store',
];

/**
 * The places that a program needs to start and to know the time: libraries, the loader's list of libraries,
 * time zones.
 */
export const libraryPlaces: readonly string[] = [
  ...libraryDirectories,
  '/etc/ld.so.cache',
  '/etc/localtime',
  '/usr/share/zoneinfo',
];

/** The libraries that programs outside of the sandbox load, and the files that tell the loader what to load. */
export const loaderPlaces: readonly string[] = [
  ...libraryDirectories,
  '/etc/ld.so.cache',
  '/etc/ld.so.conf',
  '/etc/ld.so.conf.d',
  '/etc/ld.so.preload',
];

/**
 * Files in which the kernel describes its own memory, timers and keys. Only root can read most of them. If
 * the host is root, its plugin has root's user id.
 */
const kernelFiles = [
  'kcore',
  'keys',
  'kmsg',
  'kpagecgroup',
  'kpagecount',
  'kpageflags',
  'latency_stats',
  'pagetypeinfo',
  'sched_debug',
  'slabinfo',
  'timer_list',
  'vmallocinfo',
];

/** Returns the paths of the kernel's files that a plugin could read. */
export function readableKernelFiles(): string[] {
  return kernelFiles.map((name) => `/proc/${name}`).filter(isReadable);
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** The places that a plugin needs if it may start programs of the system. */
export const programPlaces: readonly string[] = ['/usr', '/bin', '/sbin', '/etc/alternatives'];

/**
 * True if a variable makes every program load code, or makes the system's libraries read files. Bubblewrap
 * must not get such a variable, because the code would run outside of the sandbox, and may come from the
 * plugin.
 */
export function isLoaderVariable(name: string): boolean {
  return /^(LD_|MALLOC_|OPENSSL_|(GCONV_PATH|GLIBC_TUNABLES|LOCPATH|NLSPATH)$)/.test(name);
}

/**
 * Files that are needed to look up names and certificates. Private keys, which are stored beside
 * certificates, are left out.
 */
export const networkPlaces: readonly string[] = [
  '/etc/resolv.conf',
  '/etc/hosts',
  '/etc/host.conf',
  '/etc/nsswitch.conf',
  '/etc/gai.conf',
  '/etc/services',
  '/etc/protocols',
  '/etc/ssl/certs',
  '/etc/ssl/openssl.cnf',
  '/etc/pki/tls/certs',
  '/etc/pki/ca-trust',
  '/etc/ca-certificates',
  '/usr/share/ca-certificates',
  '/usr/local/share/ca-certificates',
];

const installers: readonly (readonly [system: RegExp, command: string])[] = [
  [/debian|ubuntu/, 'apt-get install'],
  [/fedora|rhel|centos/, 'dnf install'],
  [/alpine/, 'apk add'],
  [/arch/, 'pacman -S'],
  [/suse/, 'zypper install'],
];

/** Returns a sentence that says how to install a package on this system, with the command if it is known. */
export function howToInstall(name: string, release: string = read('/etc/os-release')): string {
  const ids = [...release.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)/gm)].map((match) => match[1]).join(' ');
  const installer = installers.find(([system]) => system.test(ids))?.[1];
  return installer === undefined ? `Install the package ${name}` : `Install it with \`${installer} ${name}\``;
}

/** Returns the text of a small file; empty if it cannot be read. */
export function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
