/**
 * Decides which tool enforces each limit. Some limits need a helper program before the command. The helper
 * sets the limit and then becomes the next program.
 */

import { busEnvironment, keeperScript } from './keeper.ts';
import { IsolateError } from './errors.ts';
import { findShell } from './helpers.ts';
import { limitNames, type Resources } from './options.ts';
import type { PlaceIndex } from './paths.ts';
import { probePrlimit, probeSystemd, scopeArguments } from './probe.ts';
import { optionsOf, type Program } from './program.ts';
import { canMeasure } from './measure.ts';

/** How the limits of one plugin are enforced. */
export interface LimitPlan {
  /** Programs to put before the command, with their arguments. */
  readonly prefix: readonly string[];
  /** Options of the plugin's runtime. */
  readonly runtimeArgs: readonly string[];
  /** How many bytes V8 may fill with objects, if the options limit that. */
  readonly heapBytes: number | undefined;
  /** For each limit, by name, the tools that enforce it. */
  readonly held: Readonly<Record<string, string>>;
  /**
   * Variables of the host that systemd-run needs. The keeper's script removes them before the plugin starts.
   */
  readonly env: Readonly<Record<string, string>>;
  /** True if the prefix makes a control group. */
  readonly hasGroup: boolean;
  /** True if the prefix starts a keeper. */
  readonly isKept: boolean;
}

/** The share of `memoryBytes` that V8 may fill with objects. Buffers, code and stacks need the rest. */
const heapShare = 0.75;
const MiB = 2 ** 20;

/** When a process exceeds its processor time, it gets SIGXCPU. This many seconds later it gets SIGKILL. */
const cpuGraceSeconds = 1;

/**
 * The smallest values of `openFiles` with which a plugin can start. bubblewrap has at most ten files open,
 * and a runtime about twenty.
 */
const fewestFiles = { of: 16, ofRuntime: 24 };

/** The smallest memory limit. A user who sets a smaller number probably meant another unit. */
const leastMemoryBytes = 16 * MiB;

/**
 * Options by which a command chooses the size of V8's heap. If there are several, the last one counts. In
 * these options, Node accepts _ in place of -.
 */
const heapOption = /^--max[-_](old[-_]space|heap)[-_]size/;

/**
 * Plans how each limit is enforced. `isSandbox` says whether bubblewrap runs after the prefix. Throws
 * `ISOLATE_UNENFORCEABLE` if nothing on this machine can enforce one of the limits, and `ISOLATE_PATH` if the
 * plugin could replace a program of the prefix.
 */
export function planLimits(
  resources: Resources,
  program: Program,
  isSandbox: boolean,
  written: PlaceIndex,
): LimitPlan {
  const { memoryBytes, cpuSeconds, openFiles, fileBytes } = resources;
  const wanted = limitNames.filter((name) => resources[name] !== undefined);
  if (wanted.length > 0 && !canMeasure())
    throw new IsolateError(
      'ISOLATE_UNENFORCEABLE',
      `resources: ${wanted.join(', ')} need Linux's /proc, and there is none`,
    );
  refuseTooLittle(resources, program);
  const shell = isSandbox || memoryBytes !== undefined ? findShell(written) : undefined;
  const systemd = memoryBytes === undefined ? undefined : probeSystemd(shell, written);
  const group =
    memoryBytes === undefined || systemd === undefined || !('file' in systemd)
      ? []
      : [systemd.file, ...scopeArguments(memoryBytes)];
  const hasGroup = group.length > 0;
  const isKept = shell !== undefined && (hasGroup || isSandbox);
  const keeper = isKept ? [shell, '-c', keeperScript({ hasGroup, isSandbox }), 'sh'] : [];
  const process = [
    ...(cpuSeconds === undefined ? [] : [`--cpu=${cpuSeconds}:${cpuSeconds + cpuGraceSeconds}`]),
    ...(openFiles === undefined ? [] : [`--nofile=${openFiles}:${openFiles}`]),
    ...(fileBytes === undefined ? [] : [`--fsize=${fileBytes}:${fileBytes}`]),
  ];
  // An option for the heap in the command comes after ours, so V8 uses the command's value and ignores ours.
  const isHeapHeld = program.runtime === 'node' && !optionsOf(program).some((word) => heapOption.test(word));
  const heap = memoryBytes === undefined || !isHeapHeld ? undefined : heapMiB(memoryBytes);
  const byMemory = ['watch', ...(heap === undefined ? [] : ['v8']), ...(hasGroup ? ['systemd'] : [])];
  const byProcess = process.length === 0 ? [] : [prlimit(wanted, written), ...process, '--'];
  return {
    prefix: [...group, ...keeper, ...byProcess],
    runtimeArgs: heap === undefined ? [] : [`--max-old-space-size=${heap}`],
    heapBytes: heap === undefined ? undefined : heap * MiB,
    held: Object.fromEntries(
      wanted.map((name) => [name, name === 'memoryBytes' ? byMemory.join(', ') : 'prlimit']),
    ),
    env: hasGroup ? busEnvironment() : {},
    hasGroup,
    isKept,
  };
}

/**
 * Refuses limits with which no plugin can start. Without this check, a start would fail with an unclear error
 * of another program.
 */
function refuseTooLittle(
  { openFiles = Infinity, memoryBytes = Infinity }: Resources,
  { runtime }: Program,
): void {
  const what = runtime ?? 'the start of a plugin';
  const fewest = runtime === undefined ? fewestFiles.of : fewestFiles.ofRuntime;
  const problem =
    openFiles < fewest
      ? `openFiles: ${openFiles} is too few for ${what}: allow at least ${fewest}`
      : memoryBytes < leastMemoryBytes
        ? `memoryBytes: ${memoryBytes} is too little for ${what}: allow at least ${leastMemoryBytes}`
        : undefined;
  if (problem !== undefined) throw new IsolateError('ISOLATE_UNENFORCEABLE', `resources.${problem}`);
}

const heapMiB = (memoryBytes: number): number => Math.max(16, Math.floor((memoryBytes * heapShare) / MiB));

function prlimit(wanted: readonly string[], written: PlaceIndex): string {
  const found = probePrlimit(written);
  if ('file' in found) return found.file;
  const names = wanted.filter((name) => name !== 'memoryBytes').join(', ');
  throw new IsolateError(
    'ISOLATE_UNENFORCEABLE',
    `resources: ${names} cannot be enforced, because ${found.missing}`,
  );
}
