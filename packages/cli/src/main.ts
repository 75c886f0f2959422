/** Picks the command, runs it, and turns the result into a status. */
import { call } from './commands/call.ts';
import { completionCommand } from './commands/completion.ts';
import { conformanceCommand } from './commands/conformance.ts';
import { describeCommand } from './commands/describe.ts';
import { doctor } from './commands/doctor.ts';
import { newCommand } from './commands/new.ts';
import type { Command } from './command.ts';
import { exitNameOf, statusOf, UsageError } from './exit-status.ts';
import type { Io } from './io.ts';
import { OutputClosed, print } from './output.ts';
import { parse, splitAtPlugin } from './parse.ts';
import { report } from './report.ts';
import { helpOf, overview } from './usage.ts';
import { version } from './version.ts';

export const commands: readonly Command[] = [
  describeCommand,
  call,
  conformanceCommand,
  doctor,
  newCommand,
  completionCommand(() => commands),
];

/** Runs a command line without the program's name. Resolves to the exit status, and never rejects for what the user or a plugin did. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  // A reader of standard error that has gone must not end the command.
  const ignore = (): void => {};
  io.stderr.on('error', ignore);
  try {
    return await dispatch(argv, io);
  } catch (error) {
    if (error instanceof OutputClosed) return statusOf('answered');
    const isForMachines = splitAtPlugin(argv).own.includes('--json');
    io.stderr.write(report(error, io, isForMachines));
    return statusOf(exitNameOf(error));
  } finally {
    io.stderr.off('error', ignore);
  }
}

async function dispatch(argv: readonly string[], io: Io): Promise<number> {
  const [first, ...rest] = argv;
  if (first === '--version' || first === '-v') return await say(`${version()}\n`, io);
  if (first === 'help' && rest[0] !== undefined) return await say(helpOf(commandNamed(rest[0])), io);
  if (first === 'help' || first === '--help' || first === '-h') return await say(overview(commands), io);
  if (first === undefined) throw new UsageError(`expected a command: ${names()}. Try pipework --help`);
  const command = commandNamed(first);
  const line = parse(command, rest);
  return line === 'help' ? await say(helpOf(command), io) : await command.run(line, io);
}

async function say(text: string, io: Io): Promise<number> {
  await print(io, text);
  return statusOf('answered');
}

const names = (): string => commands.map(({ name }) => name).join(', ');

function commandNamed(name: string): Command {
  const command = commands.find((one) => one.name === name);
  if (command !== undefined) return command;
  const what = name.startsWith('-') ? 'option' : 'command';
  throw new UsageError(`unknown ${what} ${JSON.stringify(name)}; the commands are ${names()}`);
}
