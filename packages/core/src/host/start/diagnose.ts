/** Best-effort notes on a program that did not start as it should: its file, its mode, its kind, and what its exit code means. */

import { constants } from 'node:fs';
import { open, readlink, stat } from 'node:fs/promises';
import { endianness } from 'node:os';
import { basename, resolve } from 'node:path';
import { lostDescriptorsMark } from '../../handshake/env.ts';
import { allows, firstThatAllows, programPaths } from './find-program.ts';
import type { StartErrorCode } from './start-error.ts';

/** What is known of the command when it failed. */
export interface FailedCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string | undefined;
  readonly path: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly exitCode: number | null | undefined;
  /** The system's code for a spawn that failed. */
  readonly systemCode: string | undefined;
  /** Raw standard error so far. */
  readonly stderr: string;
  /** Raw standard output so far. */
  readonly stdout: string;
  /** How the start failed. */
  readonly code: StartErrorCode;
  /** Whether the program is this system's to examine: a launcher may run it in a container, on another machine, or make no process at all. */
  readonly isLocal: boolean;
}

/** Sentences, the most telling first; empty where nothing is remarkable. Never rejects. */
export async function diagnose(command: FailedCommand): Promise<string[]> {
  // The program has no part in it, and to examine it takes what is short.
  const shortage = shortageNote(command);
  if (shortage !== undefined) return [shortage];
  if (command.cwd === undefined && !isSomewhere()) {
    return [
      'the working directory of this process does not exist any more: give the command a cwd, or change to another directory',
    ];
  }
  try {
    const file = command.isLocal ? await fileNotes(command) : [];
    const notes = [...wrapperNotes(command), ...file, ...exitNotes(command.exitCode)];
    return notes.length > 0 ? notes : silenceNotes(command);
  } catch (error) {
    return [`(the program could not be examined: ${error instanceof Error ? error.message : String(error)})`];
  }
}

function isSomewhere(): boolean {
  try {
    process.cwd();
    return true;
  } catch {
    // It was deleted, and can't be named.
    return false;
  }
}

function shortageNote(command: FailedCommand): string | undefined {
  switch (command.systemCode) {
    case 'EMFILE':
      return 'this process has no file descriptors left: a start takes 12 for a moment, and a running plugin keeps 4. Close some, or raise their limit (ulimit -n)';
    case 'ENFILE':
      return 'the system has no file descriptors left';
    case 'EAGAIN':
      return 'the system starts no further process: the limit for this user (ulimit -u) or control group (pids.max) is reached';
    case 'ENOMEM':
      return 'the system has no memory left for a further process';
    case 'E2BIG':
      return sizeNote(command);
    case 'ETXTBSY':
      return `${command.file} is open for writing somewhere: it can be run when whoever writes it has closed it`;
    default:
      return undefined;
  }
}

/** What is too long is mostly one variable, or an argument that should have been a call's. */
function sizeNote({ args, env }: FailedCommand): string {
  const words = [
    ...args.map((arg, i) => ({ what: `args[${i}]`, bytes: Buffer.byteLength(arg) + 1 })),
    ...Object.entries(env).map(([name, value]) => ({
      what: `the variable ${name}`,
      bytes: Buffer.byteLength(`${name}=${value}`) + 1,
    })),
  ];
  const total = words.reduce((sum, { bytes }) => sum + bytes, 0);
  const longest = words.reduce((a, b) => (b.bytes > a.bytes ? b : a), { what: 'nothing', bytes: 0 });
  return `arguments and environment have ${total} bytes, ${longest.what} with ${longest.bytes} the most of them, which is more than the system passes on (Linux: 131072 for one, mostly 2 MiB for all): shorten them, or leave variables out by env.inherit`;
}

const wrappers =
  /^(npx|npm|pnpm|pnpx|yarn|bunx|tsx|ts-node|nodemon|dotenv|cross-env|env-cmd|sudo|su|ssh|docker|podman|script|time)(\.cmd|\.exe)?$/;

function wrapperNotes(command: FailedCommand): string[] {
  const lost = command.stderr.includes(lostDescriptorsMark);
  const names = [command.file, ...command.args.slice(0, 2)].map((part) => basename(part));
  const wrapper = names.find((name) => wrappers.test(name));
  if (wrapper !== undefined) {
    return [
      `${wrapper} starts the plugin as a child of its own and may pass on no descriptors beyond 0, 1 and 2: the protocol's 3 and 4 were ${lost ? '' : 'probably '}lost on the way. Start the program itself (for TypeScript: \`node --import tsx plugin.ts\`), or use overStdio().`,
    ];
  }
  return lost
    ? [
        'descriptors 3 and 4 were lost on the way: a program between host and plugin does not pass them on. Start the plugin itself, or use overStdio().',
      ]
    : [];
}

async function fileNotes(command: FailedCommand): Promise<string[]> {
  const { cwd } = command;
  const directory = cwd === undefined ? undefined : await stat(cwd).catch(() => undefined);
  if (cwd !== undefined && directory?.isDirectory() !== true) {
    return [
      `the working directory ${resolve(cwd)} ${directory === undefined ? 'does not exist' : 'is no directory'}`,
    ];
  }
  const path = await firstThatAllows(programPaths(command), constants.F_OK);
  if (path === undefined) {
    if (!command.file.includes('/')) return [`${command.file} was not found in any directory of PATH`];
    const missing = resolve(command.cwd ?? '.', command.file);
    const target = await readlink(missing).catch(() => undefined);
    return [
      target === undefined
        ? `${missing} does not exist`
        : `${missing} is a symbolic link to ${target}, where nothing is`,
    ];
  }
  const info = await stat(path);
  if (info.isDirectory()) return [`${path} is a directory`];
  if (!info.isFile()) return [`${path} is not a regular file`];
  const mode = (info.mode & 0o7777).toString(8).padStart(4, '0');
  if (!(await allows(path, constants.X_OK))) return [`${path} is not executable (mode ${mode})`];
  if (!(await allows(path, constants.R_OK))) return [];
  return kindNotes(path, await head(path), mode);
}

async function kindNotes(path: string, bytes: Buffer, mode: string): Promise<string[]> {
  if (bytes.length === 0) return [`${path} is empty`];
  if (bytes[0] === 0x23 && bytes[1] === 0x21) return interpreterNotes(path, bytes);
  const built = machineOf(bytes);
  if (built === undefined) {
    const text = !bytes.includes(0);
    return [
      `${path} has no #! line and is no program of this system${text ? ' (it is text)' : ''}, mode ${mode}`,
    ];
  }
  const here = `${process.platform} on ${process.arch}`;
  return built.fits ? [] : [`${path} is built for ${built.name}, and this is ${here}`];
}

async function interpreterNotes(path: string, bytes: Buffer): Promise<string[]> {
  const [line = ''] = bytes.toString('latin1').slice(2).split('\n', 1);
  const interpreter = line.trim().split(/\s+/)[0] ?? '';
  if (line.endsWith('\r'))
    return [
      `the first line of ${path} ends in a carriage return, which becomes part of its interpreter's name`,
    ];
  if (!(await allows(interpreter, constants.F_OK))) {
    return [`${path} asks for the interpreter ${interpreter || '(none)'}, which does not exist`];
  }
  return (await allows(interpreter, constants.X_OK))
    ? []
    : [`${path} asks for the interpreter ${interpreter}, which is not executable`];
}

function exitNotes(code: number | null | undefined): string[] {
  if (code === 13)
    return ['exit code 13 of Node means: an await at the top level of the program never settled'];
  if (code === 126) return ['exit code 126 usually means: found, but not executable, or of a wrong format'];
  if (code === 127) return ['exit code 127 usually means: the program, or one it calls, was not found'];
  return [];
}

/** What go-plugin's plugins print: core version, application version, network, address. */
const goPluginLine = /^\d+\|\d+\|(?:unix|tcp)\|/m;

/** For a program that is whole and ran, but did not say the line. */
function silenceNotes({ code, exitCode, stdout, isLocal }: FailedCommand): string[] {
  if (goPluginLine.test(stdout)) {
    return [
      'its standard output has the handshake of go-plugin: such a plugin listens on a socket and can be no plugin of this host as it is',
    ];
  }
  if (code === 'HANDSHAKE_TIMEOUT') {
    return [
      'the program runs but did not come to its handshake, which serve() makes: look at what it waits for before that, or raise startTimeout',
    ];
  }
  if (code === 'HANDSHAKE_CLOSED' && isLocal) {
    return [
      'something closed descriptor 4, which carries the protocol: a program that starts the plugin in the background, or closes what it inherits. Start the plugin itself, or use overStdio()',
    ];
  }
  if (code === 'HANDSHAKE_EXITED' && exitCode === 0)
    return [
      'it ended without an error and without a handshake, which serve() makes: does the program call it?',
    ];
  return [];
}

async function head(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Machine numbers of ELF, Mach-O and PE headers, and Node's names for them. */
const machines: Record<string, Record<number, string>> = {
  ELF: {
    3: 'ia32',
    8: 'mips',
    20: 'ppc',
    21: 'ppc64',
    22: 's390x',
    40: 'arm',
    62: 'x64',
    183: 'arm64',
    243: 'riscv64',
    258: 'loong64',
  },
  'Mach-O': { 0x01000007: 'x64', 0x0100000c: 'arm64', 7: 'ia32', 12: 'arm' },
  PE: { 0x14c: 'ia32', 0x1c0: 'arm', 0x6264: 'loong64', 0x8664: 'x64', 0xaa64: 'arm64' },
};

function machineOf(bytes: Buffer): { name: string; fits: boolean } | undefined {
  const judge = (format: string, machine: number, native: boolean): { name: string; fits: boolean } => {
    const name = machines[format]?.[machine] ?? `machine 0x${machine.toString(16)}`;
    return { name: `${format} ${name}`, fits: native && name === process.arch };
  };
  if (bytes.length > 20 && bytes.readUInt32BE(0) === 0x7f454c46) {
    const little = bytes[5] === 1;
    const machine = little ? bytes.readUInt16LE(18) : bytes.readUInt16BE(18);
    const native = !['darwin', 'win32'].includes(process.platform) && little === (endianness() === 'LE');
    return judge('ELF', machine, native);
  }
  if (bytes.length > 8 && [0xfeedface, 0xfeedfacf].includes(bytes.readUInt32LE(0))) {
    return judge('Mach-O', bytes.readUInt32LE(4), process.platform === 'darwin');
  }
  if (bytes.length > 8 && bytes.readUInt32BE(0) === 0xcafebabe) {
    return { name: 'Mach-O (universal)', fits: process.platform === 'darwin' };
  }
  if (bytes.length > 64 && bytes.toString('latin1', 0, 2) === 'MZ') {
    const offset = bytes.readUInt32LE(60);
    const machine = offset + 6 <= bytes.length ? bytes.readUInt16LE(offset + 4) : 0;
    return judge('PE', machine, process.platform === 'win32');
  }
  return undefined;
}
