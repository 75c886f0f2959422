/** Which limit is held by what, and the programs that set limits before they become the next one. */

import { IsolateError } from './errors.ts';
import { limitNames, type Resources } from './options.ts';
import { probePrlimit, probeSystemd, scopeArguments } from './probe.ts';
import type { Program } from './program.ts';
import { findOnPath } from './program.ts';
import { canMeasure } from './watch.ts';

/** How the limits of one plugin are held. */
export interface LimitPlan {
  /** Programs, with their arguments, to stand before the command. */
  readonly prefix: readonly string[];
  /** Options of the plugin's runtime. */
  readonly runtimeArgs: readonly string[];
  /** By limit, what holds it. */
  readonly held: Readonly<Record<string, string>>;
  /** Variables of the host that a program of the prefix needs; it takes them away again. */
  readonly env: Readonly<Record<string, string>>;
}

/** V8 may fill so much of the memory with objects: buffers, code and stacks need the rest. */
const heapShare = 0.75;
const MiB = 2 ** 20;

/** Past its limit a process gets SIGXCPU, and so many seconds later SIGKILL. */
const cpuGraceSeconds = 1;

/** Throws `ISOLATE_UNENFORCEABLE` if nothing here holds one of the limits. */
export function planLimits(resources: Resources, program: Program): LimitPlan {
  const { memoryBytes, cpuSeconds, openFiles, fileBytes } = resources;
  const wanted = limitNames.filter((name) => resources[name] !== undefined);
  if (wanted.length > 0 && !canMeasure())
    throw new IsolateError(
      'ISOLATE_UNENFORCEABLE',
      `resources: ${wanted.join(', ')} need Linux's /proc, and there is none`,
    );
  const group = memoryBytes === undefined ? { prefix: [], env: {} } : controlGroup(memoryBytes);
  const process = [
    ...(cpuSeconds === undefined ? [] : [`--cpu=${cpuSeconds}:${cpuSeconds + cpuGraceSeconds}`]),
    ...(openFiles === undefined ? [] : [`--nofile=${openFiles}:${openFiles}`]),
    ...(fileBytes === undefined ? [] : [`--fsize=${fileBytes}:${fileBytes}`]),
  ];
  const heap = memoryBytes === undefined || program.runtime !== 'node' ? undefined : heapMiB(memoryBytes);
  const byMemory = [
    'watch',
    ...(heap === undefined ? [] : ['v8']),
    ...(group.prefix.length === 0 ? [] : ['systemd']),
  ];
  return {
    prefix: [...group.prefix, ...(process.length === 0 ? [] : [prlimit(wanted), ...process, '--'])],
    runtimeArgs: heap === undefined ? [] : [`--max-old-space-size=${heap}`],
    held: Object.fromEntries(
      wanted.map((name) => [name, name === 'memoryBytes' ? byMemory.join(', ') : 'prlimit']),
    ),
    env: group.env,
  };
}

const heapMiB = (memoryBytes: number): number => Math.max(16, Math.floor((memoryBytes * heapShare) / MiB));

function prlimit(wanted: readonly string[]): string {
  const found = probePrlimit();
  if ('file' in found) return found.file;
  const names = wanted.filter((name) => name !== 'memoryBytes').join(', ');
  throw new IsolateError('ISOLATE_UNENFORCEABLE', `resources: ${names} cannot be held: ${found.missing}`);
}

/** What leads a user's programs to the systemd of that user. */
const busVariables = ['XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS'];

/** Empty if systemd makes none: the watch holds the limit then. */
function controlGroup(memoryBytes: number): Pick<LimitPlan, 'prefix' | 'env'> {
  const found = probeSystemd();
  const without = findOnPath('env', process.cwd(), process.env['PATH']);
  if (!('file' in found) || !without.startsWith('/')) return { prefix: [], env: {} };
  const unset = busVariables.flatMap((name) => ['-u', name]);
  const env = busVariables.flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]]],
  );
  return {
    prefix: [found.file, ...scopeArguments(memoryBytes), without, ...unset],
    env: Object.fromEntries(env),
  };
}
