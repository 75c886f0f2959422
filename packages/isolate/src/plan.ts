/**
 * Plans a start from a policy and a command. Chooses the tool of isolation, and refuses a policy that the
 * tool cannot enforce.
 */

import { lstatSync } from 'node:fs';
import { resolve } from 'node:path';
import type { LaunchCommand } from '@pipework/core';
import { bubblewrapArguments, privatePlaces } from './bubblewrap.ts';
import { keeperDescriptor } from './keeper.ts';
import { inheritedDescriptors } from './descriptors.ts';
import { IsolateError } from './errors.ts';
import { isLinkReplaceable, refuseLibraries } from './helpers.ts';
import { planLimits, type LimitPlan } from './limits.ts';
import type { Policy } from './options.ts';
import {
  howToShow,
  refuseLinks,
  resolvePlaces,
  trace,
  traceAll,
  type Place,
  type PlaceIndex,
  type Places,
} from './paths.ts';
import { probeBubblewrap } from './probe.ts';
import { findProgram, letsPipes, nodeVersion, type Program } from './program.ts';
import { denoPlan, firstWithNet, nodePlan, type Grants, type RuntimePlan } from './runtime-flags.ts';
import { seccompFilter } from './seccomp.ts';
import {
  isLoaderVariable,
  libraryPlaces,
  networkPlaces,
  programPlaces,
  readableKernelFiles,
} from './system.ts';

/** How a plugin is isolated, as `describe()` and `exit.held` report it. */
export interface Isolation {
  /** The tool that enforces most of the policy. */
  readonly means: 'bubblewrap' | 'node' | 'deno';
  /**
   * What enforces each permission and limit: `bubblewrap`, `seccomp`, `node`, `deno`, `prlimit`, `systemd`,
   * `v8`, `watch` or `launcher`. Several names are separated by commas. `run` and `net` have the value
   * `granted` if the policy allows them.
   */
  readonly held: Readonly<Record<string, string>>;
  /** The real paths of the places in `read`. Places that are writable too are left out. */
  readonly read: readonly string[];
  /** The real paths of the places in `write`. */
  readonly write: readonly string[];
  /** The real paths of the other visible places, such as the program, its script and libraries. */
  readonly added: readonly string[];
  /** The names of the variables that the plugin gets, beside those of the handshake. */
  readonly env: readonly string[];
  /** The program that is started, and its arguments. */
  readonly command: readonly string[];
}

/** Everything that a start needs to know. */
export interface Plan {
  readonly isolation: Isolation;
  readonly env: Readonly<Record<string, string>>;
  /** The filter of system calls, which is passed on {@link filterDescriptor}; undefined if there is none. */
  readonly filter: Buffer | undefined;
  /** Descriptors that the process would inherit from this host. */
  readonly unwanted: readonly number[];
  /** The private places of the sandbox that hold files in memory. */
  readonly scratch: readonly string[];
  /** True if the process gets a control group. */
  readonly hasGroup: boolean;
  /** True if the process starts a keeper, which uses {@link keeperDescriptor}. */
  readonly isKept: boolean;
  /** How many bytes V8 may fill with objects, if this plan limits that. */
  readonly heapBytes: number | undefined;
}

/** The descriptor from which bubblewrap reads the filter. Bubblewrap closes the descriptor afterwards. */
export const filterDescriptor = 5;

/**
 * How many bytes each of `/tmp`, `/run` and `/dev/shm` of a sandbox may hold, unless `memoryBytes` is less.
 */
const scratchBytes = 64 * 2 ** 20;

/**
 * Makes a plan. Looks at files, and may try bubblewrap and systemd, each once. Throws an `IsolateError` if
 * the command cannot be started as the policy requires.
 */
export function makePlan(policy: Policy, command: LaunchCommand): Plan {
  const cwd = resolve(command.cwd ?? '.');
  const program = findProgram({ ...command, cwd, path: command.env['PATH'] });
  const places = resolvePlaces(policy.read, policy.write);
  const own = resolveProgram(program, places.written);
  // This check comes before the probes, which already run programs with the host's rights.
  refuseLibraries(places);
  const bubblewrap =
    policy.bwrap === false
      ? { missing: 'bubblewrap was left out by `bwrap: false`' }
      : probeBubblewrap(policy.bwrap, policy.net, places.written);
  const isFound = 'file' in bubblewrap;
  const limits = planLimits(policy.resources, program, isFound, places.written);
  const names = policy.env.filter((name) => Object.hasOwn(command.env, name));
  const given = (isLoaded: boolean): Record<string, string> =>
    Object.fromEntries(
      names
        .filter((name) => isLoaderVariable(name) === isLoaded)
        .map((name) => [name, command.env[name] as string]),
    );
  const env = {
    ...given(false),
    ...limits.env,
    ...command.handshakeEnv,
  };
  const unwanted = inheritedDescriptors();
  const job: Job = { policy, program, own, places, limits, cwd, unwanted, names, loaded: given(true) };
  const parts = isFound ? inBubblewrap(job, bubblewrap.file) : inRuntime(job, bubblewrap.missing);
  // Deno cannot start without a directory for its cache, which by default is in the home directory. The
  // sandbox has no home directory.
  const hasOwnCache = parts.isolation.means === 'bubblewrap' && program.runtime === 'deno';
  return {
    ...parts,
    env: hasOwnCache ? { DENO_DIR: '/tmp/deno', ...env } : env,
    unwanted,
    hasGroup: limits.hasGroup,
    isKept: limits.isKept,
    heapBytes: limits.heapBytes,
  };
}

/** The files of a command, as they were checked. Nothing resolves their paths again. */
interface ProgramPlaces {
  readonly file: Place;
  /** The script; undefined if there is none. */
  readonly script: Place | undefined;
}

/**
 * Resolves the files of a command. Throws `ISOLATE_PATH` if the program is absent, because the plugin could
 * make it before the start. Also throws `ISOLATE_PATH` if the plugin could change a `#!` line of the command,
 * or a link to its program or script. The plugin could then choose which program and files its next start
 * makes visible, even if they are not listed.
 */
function resolveProgram({ file, script, through }: Program, written: PlaceIndex): ProgramPlaces {
  const ways = traceAll(through);
  for (const place of ways) {
    const directory = written.outermost(place.real);
    if (directory === undefined) continue;
    throw new IsolateError(
      'ISOLATE_PATH',
      `cmd: ${place.given} begins with #! and lies where the plugin may write (${directory.given}), so that the plugin could choose what is started: begin cmd with ${file}`,
    );
  }
  const found = trace(file);
  if (found === undefined)
    throw new IsolateError('ISOLATE_PATH', `cmd: there is no ${file}, or this host must not look there`);
  const own = { file: found, script: script === undefined ? undefined : trace(script) };
  for (const place of [...ways, own.file, own.script])
    if (place !== undefined) refuseLinks('cmd', place, written);
  return own;
}

interface Job {
  readonly policy: Policy;
  readonly program: Program;
  readonly own: ProgramPlaces;
  readonly places: Places;
  readonly limits: LimitPlan;
  readonly cwd: string;
  readonly unwanted: readonly number[];
  readonly names: readonly string[];
  /** The variables that make the loader of a program load code. */
  readonly loaded: Readonly<Record<string, string>>;
}

type Parts = Pick<Plan, 'isolation' | 'filter' | 'scratch'>;

function inBubblewrap(job: Job, file: string): Parts {
  const { policy, program, own, places, limits, cwd } = job;
  const { run, net, resources } = policy;
  const system = traceAll([...libraryPlaces, ...(run ? programPlaces : []), ...(net ? networkPlaces : [])]);
  for (const place of system) refuseLinks('write', place, places.written, isLinkReplaceable);
  const added = [...system, own.file, ...scriptFile(own)];
  const beside = howToShow(added, places.written);
  const changed = howToShow(places.write, places.written);
  const view = {
    read: [...beside.mounted, ...places.read],
    write: changed.mounted,
    linked: [...beside.linked, ...changed.linked],
    variables: job.loaded,
    cwd,
    net,
    masked: readableKernelFiles(),
    scratchBytes: Math.min(scratchBytes, resources.memoryBytes ?? Infinity),
  };
  const passed: readonly number[] = limits.isKept ? [filterDescriptor, keeperDescriptor] : [filterDescriptor];
  const unwanted = job.unwanted.filter((descriptor) => !passed.includes(descriptor));
  const sandbox = [file, ...bubblewrapArguments(view, filterDescriptor, unwanted)];
  const words = [...sandbox, program.file, ...limits.runtimeArgs, ...program.args];
  const held = {
    read: 'bubblewrap',
    write: 'bubblewrap',
    run: run ? 'granted' : 'seccomp',
    net: net ? 'granted' : 'bubblewrap, seccomp',
    env: 'launcher',
    descriptors: 'bubblewrap',
  };
  return {
    isolation: describe(job, 'bubblewrap', held, added, words),
    filter: seccompFilter(policy),
    scratch: privatePlaces(view),
  };
}

/**
 * Returns the script, if it is a file. If the script is a directory, the user must list that directory,
 * because it may hold more than the program.
 */
function scriptFile({ script }: ProgramPlaces): Place[] {
  return script !== undefined && lstatSync(script.real, { throwIfNoEntry: false })?.isFile() === true
    ? [script]
    : [];
}

function inRuntime(job: Job, missing: string): Parts {
  const { policy, program, own, places, limits } = job;
  const { runtime } = program;
  if (policy.require === 'kernel') {
    throw new IsolateError(
      'ISOLATE_UNAVAILABLE',
      `no means on this machine satisfies require: 'kernel', because ${missing}${runtimeAdvice(runtime)}`,
    );
  }
  if (runtime !== 'node' && runtime !== 'deno') {
    throw new IsolateError(
      'ISOLATE_UNAVAILABLE',
      `${program.file} has no permission model that could replace bubblewrap, and ${missing}. Node and Deno have one`,
    );
  }
  if (places.written.outermost(own.file.real) !== undefined) {
    throw new IsolateError(
      'ISOLATE_PATH',
      `cmd: ${own.file.given} lies where the plugin may write, so that the plugin could replace the program that isolates it`,
    );
  }
  const added = scriptFile(own);
  const grants = { policy, read: [...added, ...places.read], write: places.write };
  const { args, problems } =
    runtime === 'deno' ? denoPlan(grants, program) : inNode(grants, program, policy.net);
  if (problems.length > 0) {
    throw new IsolateError(
      'ISOLATE_UNENFORCEABLE',
      `${problems.join('; ')}. Bubblewrap could enforce the whole policy, but ${missing}`,
    );
  }
  const held = {
    read: runtime,
    write: runtime,
    run: runtime,
    net: policy.net ? 'granted' : runtime,
    env: 'launcher',
    descriptors: 'launcher',
  };
  const words = [program.file, ...limits.runtimeArgs, ...args];
  return { isolation: describe(job, runtime, held, added, words), filter: undefined, scratch: [] };
}

function inNode(grants: Grants, program: Program, net: boolean): RuntimePlan {
  const version = nodeVersion(program.file) ?? '0.0.0';
  const isAsked = !net && Number.parseInt(version, 10) >= firstWithNet;
  return nodePlan(grants, program, version, !isAsked || letsPipes(program.file));
}

/** Returns a sentence about the permission model of `runtime`; empty if it has none. */
function runtimeAdvice(runtime: Program['runtime']): string {
  if (runtime !== 'node' && runtime !== 'deno') return '';
  const name = runtime === 'node' ? 'Node' : 'Deno';
  return `. require: 'runtime' would take the permission model of ${name}, which does not stop code that means harm`;
}

function describe(
  { policy, places, limits, names }: Job,
  means: Isolation['means'],
  held: Readonly<Record<string, string>>,
  added: readonly Place[],
  words: readonly string[],
): Isolation {
  const reals = (list: readonly Place[]): string[] => [...new Set(list.map(({ real }) => real))];
  return {
    means,
    held: { ...held, ...limits.held },
    read: reals(places.read),
    write: reals(places.write),
    added: reals(added),
    env: policy.env.filter((name) => names.includes(name)),
    command: [...limits.prefix, ...words],
  };
}
