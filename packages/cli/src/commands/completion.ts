/** `pipework completion` prints the script with which a shell completes command lines. */
import type { Command, CommandLine } from '../command.ts';
import { completions, shells } from '../completion.ts';
import { statusOf, UsageError } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { print } from '../output.ts';
import { listed } from '../spelling.ts';

/** Makes the command `completion`. `others` returns all commands that the script completes. */
export function completionCommand(others: () => readonly Command[]): Command {
  return {
    name: 'completion',
    operands: 'SHELL',
    operandCount: [1, 1],
    operandChoices: shells,
    takesPlugin: false,
    summary: 'Prints a script by which a shell completes commands and options.',
    details: [`SHELL is ${listed(shells, 'or')}. Words after -- are completed as file names.`],
    options: {},
    examples: [
      'eval "$(pipework completion bash)"        # in ~/.bashrc',
      'eval "$(pipework completion zsh)"         # in ~/.zshrc, after compinit',
      'pipework completion fish | source         # in config.fish',
    ],
    run: async (line, io) => await run(line, io, others()),
  };
}

async function run({ operands }: CommandLine, io: Io, commands: readonly Command[]): Promise<number> {
  const shell = shells.find((one) => one === operands[0]);
  if (shell === undefined)
    throw new UsageError(`SHELL: expected ${listed(shells, 'or')}; got ${JSON.stringify(operands[0])}`);
  await print(io, completions[shell](commands));
  return statusOf('answered');
}
