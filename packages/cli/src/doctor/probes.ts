/** Defines `Probes`, through which the checks learn all facts about this machine. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, join } from 'node:path';
import { runProgram, type ProgramResult } from './run-program.ts';
import { trial, trialFiles, type TrialOptions } from './trial.ts';

export interface Probes {
  readonly nodeVersion: string;
  /** The path of the Node that runs this process. */
  readonly nodePath: string;
  readonly platform: NodeJS.Platform;
  readonly pid: number;
  readonly cores: number;
  /** The option that turns on the permission model, as this Node names it; undefined if it has none. */
  readonly permissionFlag: string | undefined;
  /** False if Node's permission model forbids this process to start others. */
  readonly mayStartProcesses: boolean;
  /** Returns the first file with that name in a directory of PATH; undefined if there is none. */
  onPath(program: string): string | undefined;
  /** Runs a small program to its end. The program can read `down` from descriptor 3. */
  runProgram(file: string, args: readonly string[], down?: string): Promise<ProgramResult>;
  /**
   * Starts a plugin, calls it and ends it. Resolves to the reason why this did not work; undefined if it
   * worked.
   */
  trial(options: TrialOptions): Promise<string | undefined>;
  /** Returns the folder of the trial plugin's files. */
  trialFiles(): string;
  /** Returns the text of a small file; undefined if it cannot be read. */
  read(path: string): string | undefined;
  /** Returns the target of a link; undefined if it cannot be read. */
  readLink(path: string): string | undefined;
  /** Returns how many entries a directory has; undefined if it cannot be read. */
  countIn(path: string): number | undefined;
}

/** Returns the probes of this machine. */
export function realProbes(env: Readonly<Record<string, string | undefined>>): Probes {
  return {
    nodeVersion: process.versions.node,
    nodePath: process.execPath,
    platform: process.platform,
    pid: process.pid,
    cores: availableParallelism(),
    permissionFlag: ['--permission', '--experimental-permission'].find((flag) =>
      process.allowedNodeEnvironmentFlags.has(flag),
    ),
    mayStartProcesses: mayStartProcesses(),
    onPath: (program) => onPath(program, env),
    runProgram,
    trial,
    trialFiles,
    read: (path) => orUndefined(() => readFileSync(path, 'latin1')),
    readLink: (path) => orUndefined(() => readlinkSync(path)),
    countIn: (path) => orUndefined(() => readdirSync(path).length),
  };
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function mayStartProcesses(): boolean {
  const { permission } = process as { permission?: { has(name: string): boolean } };
  return permission?.has('child') ?? true;
}

function onPath(
  program: string,
  { PATH = '' }: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const names = process.platform === 'win32' ? [`${program}.exe`, `${program}.cmd`] : [program];
  const files = PATH.split(delimiter)
    .filter((folder) => folder !== '')
    .flatMap((folder) => names.map((name) => join(folder, name)));
  return files.find((file) => existsSync(file));
}
