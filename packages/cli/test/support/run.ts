// Runs the built command as a process, in a pipe or in a terminal.
import { spawn, spawnSync } from 'node:child_process';
import { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { main } from './internals.ts';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export const root: string = at('../../../..');
export const bin: string = at('../../dist/bin.js');
/** The command line of the plugin `fixtures/plugin.mjs`. */
export const fixture: readonly string[] = ['node', at('../fixtures/plugin.mjs')];
/** The command line of a plugin, two of whose factories never settle. */
export const hanging: readonly string[] = ['node', at('../fixtures/hangs.mjs')];
export const greeter: readonly string[] = ['node', at('../../../../examples/greeter/dist/plugin.js')];
/**
 * The command line of a plugin in Python. This plugin waits in a call, and prints when the call is cancelled.
 */
export const pythonFixture: readonly string[] = ['python3', at('../fixtures/plugin.py')];
export const python: readonly string[] = ['python3', at('../../../../examples/python-plugin/plugin.py')];

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command with pipes for its streams. */
export const pipework = async (
  args: readonly string[],
  input: string | Buffer = '',
  env: NodeJS.ProcessEnv = {},
  cwd: string = root,
): Promise<Ran> => await run([process.execPath, bin, ...args], { input, env, cwd });

/** Runs any command with pipes for its streams. */
export async function run(
  [file = '', ...args]: readonly string[],
  {
    input = '',
    env = {},
    cwd = root,
  }: { input?: string | Buffer; env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Promise<Ran> {
  const child = spawn(file, args, { cwd, env: { ...process.env, ...env } });
  child.stdin.on('error', () => {}); // The command may end without reading its input.
  child.stdin.end(input);
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  const [stdout, stderr, status] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { status, stdout, stderr };
}

/** A program that runs several command lines. Its argument is a list of lists of words, as JSON. */
export const session: string = at('session.mjs');

/**
 * Runs several command lines in one process. `through` is a command that runs the process, such as a shell that
 * redirects its input.
 */
export async function inSession(
  lines: readonly (readonly string[])[],
  { cwd = root, through = [] }: { cwd?: string; through?: readonly string[] } = {},
): Promise<Ran[]> {
  const ran = await run([...through, process.execPath, session, JSON.stringify(lines)], { cwd });
  const errors = partsOf(ran.stderr);
  return partsOf(ran.stdout).map(([stdout, status], index) => {
    const [stderr = ''] = errors[index] ?? [];
    return { status, stdout, stderr };
  });
}

/**
 * Splits the output of `session.mjs` at its marks. Returns the text before each mark, with the status in the
 * mark.
 */
export function partsOf(text: string): [text: string, status: number][] {
  const pieces = text.split(/␞(\d+)\n/);
  return pieces
    .slice(0, -1)
    .flatMap((piece, index) => (index % 2 === 0 ? [[piece, Number(pieces[index + 1])]] : []));
}

/** The reason why no terminal can be made here; undefined if one can be made. */
export const noTerminal: string | undefined =
  spawnSync('python3', ['-c', 'import pty']).status === 0 ? undefined : 'needs python3 with its module pty';

export const noPython: string | undefined =
  spawnSync('python3', ['-c', '']).status === 0 ? undefined : 'needs python3';

/** Returns the part of a test's name that says why the test is skipped; an empty text if the test runs. */
export const skipped = (why: string | undefined): string => (why === undefined ? '' : ` (SKIPPED: ${why})`);

/**
 * Runs the command within this process, which takes half of the processor time of {@link pipework}. A test
 * passes the input, environment and directory that the command would otherwise take from the process.
 */
export async function inProcess(
  args: readonly string[],
  {
    cwd = root,
    env = process.env,
    input = '',
    stdin = Readable.from(Buffer.from(input), { objectMode: false }),
    onInterrupt = () => () => {},
  }: {
    cwd?: string;
    env?: NodeJS.ProcessEnv;
    input?: string | Buffer;
    stdin?: Readable;
    onInterrupt?: (listener: () => void) => () => void;
  } = {},
): Promise<Ran> {
  const written = { stdout: '', stderr: '' };
  const into = (name: 'stdout' | 'stderr'): Writable =>
    new Writable({
      write: (chunk: Buffer, _, done) => {
        written[name] += chunk.toString();
        done();
      },
    });
  const [stdout, stderr] = [into('stdout'), into('stderr')];
  const status = await main(args, { stdin: () => stdin, stdout, stderr, env, cwd, onInterrupt });
  return { status, ...written };
}

interface Shown {
  readonly status: number | null;
  readonly shown: string;
}

/** Keys, each with the text after which they are typed. */
export type Steps = readonly (readonly [shown: string, keys: string])[];

/**
 * Runs the command in a pseudo-terminal, which shows standard output and standard error. As soon as a text in
 * `steps` is shown, the keys beside the text are typed.
 */
export const inTerminal = async (
  args: readonly string[],
  steps: Steps = [],
  env: NodeJS.ProcessEnv = {},
): Promise<Shown> => await terminal([process.execPath, bin, ...args], steps, env);

/** Runs any command in a pseudo-terminal. With `input`, the command's standard input is a pipe. */
export async function terminal(
  command: readonly string[],
  steps: Steps = [],
  env: NodeJS.ProcessEnv = {},
  cwd: string = root,
  input = '',
): Promise<Shown> {
  // Descriptor 3 carries the piped input, because descriptor 0 is the terminal.
  const piped = input === '' ? command : ['/bin/sh', '-c', 'exec "$@" <&3', 'sh', ...command];
  const child = spawn('python3', [at('terminal.py'), JSON.stringify(steps), ...piped], {
    cwd,
    env: { ...process.env, TERM: 'xterm', NO_COLOR: '', ...env },
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  });
  const [, output, , pipe] = child.stdio;
  (pipe as Writable).on('error', () => {}).end(input);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve).once('error', reject);
  });
  const [shown, status] = await Promise.all([text(output as Readable), ended]);
  return { shown, status };
}
