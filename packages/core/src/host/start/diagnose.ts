/** Finds likely causes of a failed start, and returns notes on them. */

import { basename } from 'node:path';
import { isError } from '../../base/realm.ts';
import { lostDescriptorsMark } from '../../handshake/env.ts';
import type { FailedCommand } from './failed-command.ts';
import { fileNotes } from './file-notes.ts';
import { hostPermissionNotes, nodeNotes } from './node-notes.ts';
import { showCommand } from './show-command.ts';

/** Resolves to sentences, the most helpful first. The list is empty if no cause was found. Never rejects. */
export async function diagnose(command: FailedCommand): Promise<string[]> {
  return [...replacementNotes(command), ...(await causes(command))];
}

/**
 * Returns a note that shows the command that `via` returned. A word that sets a variable of the plugin is left
 * out, because the variable's value may be a secret.
 */
function replacementNotes({ replacement, env }: FailedCommand): string[] {
  if (replacement === undefined) return [];
  const names = Object.keys(env).map((name) => `${name}=`);
  const shown = replacement.map((word) => (names.some((name) => word.includes(name)) ? '…' : word));
  return [
    `overStdio() ran the command that \`via\` returned: ${showCommand(shown)}. That command must start the plugin with the variables of handshakeEnv, and pass on standard input and output`,
  ];
}

async function causes(command: FailedCommand): Promise<string[]> {
  // If the host is the cause, the program is not examined. Examining it would need the resource that the host
  // lacks.
  const host = hostNotes(command);
  if (host.length > 0) return host;
  if (command.cwd === undefined && !isSomewhere()) {
    return [
      'the working directory of this process does not exist any more: give the command a cwd, or change to another directory',
    ];
  }
  try {
    const file = command.isLocal ? await fileNotes(command) : [];
    const notes = [
      ...command.launcherNotes,
      ...wrapperNotes(command),
      ...file,
      ...nodeNotes(command),
      ...exitNotes(command.exitCode),
    ];
    return notes.length > 0 ? notes : silenceNotes(command);
  } catch (error) {
    return [`(the program could not be examined: ${isError(error) ? error.message : String(error)})`];
  }
}

function isSomewhere(): boolean {
  try {
    process.cwd();
    return true;
  } catch {
    // The working directory was deleted, so it has no name any more.
    return false;
  }
}

/**
 * Returns notes on causes outside the program: a launcher that has not finished, or a resource or permission
 * that the host lacks.
 */
function hostNotes(command: FailedCommand): string[] {
  if (command.isLaunching) {
    return [
      'the launcher has not handed over a process: find out why it waits. If it hands over a process later, that process is ended',
    ];
  }
  const shortage = shortageNote(command);
  return shortage === undefined ? hostPermissionNotes(command.spawnFailure) : [shortage];
}

function shortageNote(command: FailedCommand): string | undefined {
  switch ((command.spawnFailure as NodeJS.ErrnoException | undefined)?.code) {
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
      return `${command.file} is open for writing: start the plugin again after the writing program has closed this file`;
    default:
      return undefined;
  }
}

/**
 * Returns a note on a command that is too long. The cause is usually one variable, or an argument that should
 * have been passed in a call.
 */
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
  return `arguments and environment have ${total} bytes, most of them in ${longest.what} (${longest.bytes}). That is more than the system passes on (Linux: 131072 for one, mostly 2 MiB for all): shorten them, or leave variables out by env.inherit`;
}

const wrappers =
  /^(npx|npm|pnpm|pnpx|yarn|bunx|tsx|ts-node|nodemon|dotenv|cross-env|env-cmd|sudo|su|ssh|docker|podman|script|time)(\.cmd|\.exe)?$/;

function wrapperNotes(command: FailedCommand): string[] {
  const lost = command.stderr.includes(lostDescriptorsMark);
  const names = [command.file, ...command.args.slice(0, 2)].map((part) => basename(part));
  const wrapper = names.find((name) => wrappers.test(name));
  if (wrapper !== undefined) {
    return [
      `${wrapper} starts the plugin as its own child and may pass on no descriptors beyond 0, 1 and 2: the protocol's 3 and 4 were ${lost ? '' : 'probably '}lost on the way. Start the program itself (for TypeScript: \`node --import tsx plugin.ts\`), or use overStdio()`,
    ];
  }
  return lost
    ? [
        'descriptors 3 and 4 were lost on the way: a program between host and plugin does not pass them on. Start the plugin itself, or use overStdio()',
      ]
    : [];
}

function exitNotes(code: number | null | undefined): string[] {
  if (code === 13)
    return ['exit code 13 of Node means: an await at the top level of the program never settled'];
  if (code === 126) return ['exit code 126 usually means: found, but not executable, or of a wrong format'];
  if (code === 127) return ['exit code 127 usually means: the program, or one it calls, was not found'];
  return [];
}

/** The line that go-plugin's plugins print: core version, application version, network, address. */
const goPluginLine = /^\d+\|\d+\|(?:unix|tcp)\|/m;

/** Returns notes on a program that ran without a known fault, but did not write its handshake line. */
function silenceNotes({ code, exitCode, stdout, isLocal }: FailedCommand): string[] {
  if (goPluginLine.test(stdout)) {
    return [
      'its standard output has the handshake of go-plugin: such a plugin listens on a socket, and cannot be a plugin of this host unchanged',
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
