/** Examines a program's file: whether it exists, may be executed, and is a program for this system. */

import { constants } from 'node:fs';
import { readlink, stat } from 'node:fs/promises';
import { endianness } from 'node:os';
import { resolve } from 'node:path';
import { readBeginning } from '../../base/regular-file.ts';
import { allows, firstThatAllows, isPath, programPaths, type NamedProgram } from './find-program.ts';

/** Returns sentences on the file that `command` names. Empty if the file looks right. */
export async function fileNotes(command: NamedProgram): Promise<string[]> {
  const { cwd } = command;
  const directory = cwd === undefined ? undefined : await stat(cwd).catch(() => undefined);
  if (cwd !== undefined && directory?.isDirectory() !== true) {
    return [
      `the working directory ${resolve(cwd)} ${directory === undefined ? 'does not exist' : 'is not a directory'}`,
    ];
  }
  const path = await firstThatAllows(programPaths(command), constants.F_OK);
  if (path === undefined) {
    if (!isPath(command.file)) return [`${command.file} was not found in any directory of PATH`];
    const missing = resolve(command.cwd ?? '.', command.file);
    const target = await readlink(missing).catch(() => undefined);
    return [
      target === undefined
        ? `${missing} does not exist`
        : `${missing} is a symbolic link to ${target}, which does not exist`,
    ];
  }
  const info = await stat(path);
  if (info.isDirectory()) return [`${path} is a directory`];
  if (!info.isFile()) return [`${path} is not a regular file`];
  const mode = (info.mode & 0o7777).toString(8).padStart(4, '0');
  if (!(await allows(path, constants.X_OK))) return [`${path} is not executable (mode ${mode})`];
  if (!(await allows(path, constants.R_OK))) return [];
  return kindNotes(path, readBeginning(path, 512), mode);
}

async function kindNotes(path: string, bytes: Buffer, mode: string): Promise<string[]> {
  if (bytes.length === 0) return [`${path} is empty`];
  // On Windows, the extension decides how a file is started. execa starts batch files by cmd.exe, and scripts
  // by the program in their #! line.
  if (process.platform === 'win32' && machineOf(bytes) === undefined) return [];
  if (bytes[0] === 0x23 && bytes[1] === 0x21) return interpreterNotes(path, bytes);
  const built = machineOf(bytes);
  if (built === undefined) {
    const text = !bytes.includes(0);
    return [
      `${path} has no #! line and is not a program of this system${text ? ' (it is text)' : ''}, mode ${mode}`,
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
