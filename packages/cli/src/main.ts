/** Chooses the command, runs it, and turns the result into an exit status. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { StartError } from '@pipework/core';
import { call } from './commands/call.ts';
import { completionCommand } from './commands/completion.ts';
import { conformanceCommand } from './commands/conformance.ts';
import { describeCommand } from './commands/describe.ts';
import { doctor } from './commands/doctor.ts';
import { newCommand } from './commands/new.ts';
import type { Command } from './command.ts';
import { splitAtPlugin, typed } from './correction.ts';
import { CallFailed, exitNameOf, statusOf, UsageError } from './exit-status.ts';
import { widthOf, type Io } from './io.ts';
import { OutputClosed, print } from './output.ts';
import { parse } from './parse.ts';
import { looksLikeProgram, startable } from './program.ts';
import { report, type Hints } from './report.ts';
import { listed, nearest } from './spelling.ts';
import { helpOf, overview, synopsis } from './usage.ts';
import { version } from './version.ts';

export const commands: readonly Command[] = [
  describeCommand,
  call,
  conformanceCommand,
  doctor,
  newCommand,
  completionCommand(() => commands),
];

/**
 * Runs the command line `argv`, which begins after the program's name. Resolves to the exit status. Does not
 * reject because of a mistake of the user or a failure of a plugin.
 */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  // If the reader of standard error has closed the stream, the command continues.
  const ignore = (): void => {};
  io.stderr.on('error', ignore);
  try {
    return await dispatch(argv, io);
  } catch (error) {
    if (error instanceof OutputClosed) return statusOf('answered');
    const isForMachines = splitAtPlugin(argv).own.includes('--json');
    io.stderr.write(report(error, io, isForMachines, hintsFor(error, argv, io)));
    return statusOf(exitNameOf(error));
  } finally {
    await written(io.stderr);
    io.stderr.off('error', ignore);
  }
}

/** How long the command waits for a reader of its standard error, in milliseconds. */
const stderrLagMs = 1_000;

/**
 * Resolves after `stream` has passed on its last text or has failed, or after `stderrLagMs`. Waits one more
 * turn of the event loop, because the stream emits its error in a later turn.
 */
function written(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, stderrLagMs);
    stream.write('', () =>
      setImmediate(() => {
        clearTimeout(timer);
        resolve();
      }),
    );
  });
}

async function dispatch(argv: readonly string[], io: Io): Promise<number> {
  const [first, ...rest] = argv;
  const isHelp = first === 'help' || first === '--help' || first === '-h';
  const isVersion = first === '--version' || first === '-v';
  const surplus = isVersion ? rest[0] : isHelp ? rest[1] : undefined;
  if (surplus !== undefined) throw new UsageError(`unexpected argument ${JSON.stringify(surplus)}`);
  if (isVersion) return await say(`${version()}\n`, io);
  if (isHelp) {
    const [topic] = rest;
    const text =
      topic === undefined ? overview(commands, widthOf(io)) : helpOf(commandNamed(topic), widthOf(io));
    return await say(text, io);
  }
  if (first === undefined) throw new UsageError(`expected a command: ${names('or')}`);
  if (first === '--' || looksLikeProgram(first))
    throw new UsageError(
      `expected a command; got ${JSON.stringify(first)}. To see what a plugin offers:\n  ${describing(argv)}`,
    );
  const command = commandNamed(first);
  const line = parse(command, rest, io.cwd);
  return line === 'help' ? await say(helpOf(command, widthOf(io)), io) : await command.run(line, io);
}

/** Returns the `describe` command line for a user who typed only the plugin's command line. */
function describing(argv: readonly string[]): string {
  const words = argv[0] === '--' ? argv.slice(1) : argv;
  return typed('describe', '--', ...(words.length === 0 ? ['node', 'plugin.js'] : words));
}

/** Returns hints that are printed below an error, such as a corrected command line. */
function hintsFor(error: unknown, argv: readonly string[], io: Io): Hints {
  const [name = '', ...rest] = argv;
  const command = commands.find((one) => one.name === name);
  if (error instanceof UsageError)
    return command === undefined
      ? { usage: 'Try pipework --help' }
      : { usage: `Usage: ${synopsis(command)}\nTry pipework ${command.name} --help` };
  const { own, plugin = [] } = splitAtPlugin(rest);
  if (error instanceof CallFailed && error.todo !== undefined) return { todo: error.todo };
  if (needsService(error))
    return {
      todo: 'call this plugin from its own host: it needs a service of its host, and pipework offers none',
    };
  if (exitNameOf(error) === 'unknown' && name === 'call')
    return { todo: `see what the plugin offers: ${typed('describe', '--', ...plugin)}` };
  if (exitNameOf(error) !== 'notStarted') return {};
  if (wantsAnotherCookie(error))
    return { todo: 'set the magic cookie that the plugin expects, by --cookie KEY=VALUE' };
  const [words = '', ...others] = plugin;
  // A word with spaces may be the name of an existing file or directory.
  if (others.length === 0 && /^\S+ +\S/.test(words) && !existsSync(resolve(io.cwd, words)))
    return {
      todo: `write the program and its arguments as separate words: ${typed(name, ...own, '--', ...words.split(/ +/))}`,
    };
  const better = startable(plugin, io.cwd);
  return better === undefined ? {} : { todo: `${better.how}: ${typed(name, ...own, '--', ...better.words)}` };
}

/** True if the plugin failed because this command is a host without services. */
function needsService(error: unknown): boolean {
  const reason = error instanceof CallFailed ? error.cause : error;
  return reason instanceof Error && /\bunknown service: .*: this host offers none/.test(reason.message);
}

/**
 * True if the program ended because it expects another magic cookie. Each plugin says this in its own words
 * on standard error, so this function looks for the usual words.
 */
function wantsAnotherCookie(error: unknown): boolean {
  if (!(error instanceof StartError) || error.code !== 'HANDSHAKE_EXITED') return false;
  return /\bis a plugin\b|\bmagic cookie\b/i.test(error.stderrTail);
}

async function say(text: string, io: Io): Promise<number> {
  await print(io, text);
  return statusOf('answered');
}

const names = (link: 'or' | 'and'): string =>
  listed(
    commands.map(({ name }) => name),
    link,
  );

function commandNamed(name: string): Command {
  const command = commands.find((one) => one.name === name);
  if (command !== undefined) return command;
  const isOption = name.startsWith('-');
  const meant = nearest(name, [...commands.map((one) => one.name), 'help', '--help', '--version']);
  if (meant !== undefined)
    throw new UsageError(
      `unknown ${isOption ? 'option' : 'command'} ${JSON.stringify(name)}; did you mean ${meant}?`,
    );
  const rule = isOption ? `options follow a command: ${names('or')}` : `the commands are ${names('and')}`;
  throw new UsageError(`unknown ${isOption ? 'option' : 'command'} ${JSON.stringify(name)}; ${rule}`);
}
