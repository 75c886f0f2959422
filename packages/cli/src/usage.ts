/** Help texts, made from the commands' own data, so that none can say what is not so. */
import type { Command, OptionSpec } from './command.ts';
import { exitStatuses } from './exit-status.ts';
import { helpOption } from './parse.ts';

/** One line that says how a command is typed. */
export function synopsis(command: Command): string {
  const parts = [
    'pipework',
    command.name,
    '[options]',
    command.operands,
    command.takesPlugin ? '-- CMD...' : '',
  ];
  return parts.filter((part) => part !== '').join(' ');
}

/** Rows of two columns, the first as wide as its longest cell. */
export function columns(rows: readonly (readonly [string, string])[], indent = '  '): string {
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `${indent}${left.padEnd(width)}  ${right}`.trimEnd()).join('\n');
}

export function helpOf(command: Command): string {
  const options: [string, OptionSpec][] = Object.entries({ ...command.options, help: helpOption });
  const rows = options.map(([name, { choices, value = choices?.join('|'), help }]): [string, string] => [
    value === undefined ? `--${name}` : `--${name} ${value}`,
    help,
  ]);
  const parts = [
    `Usage: ${synopsis(command)}`,
    command.summary,
    ...command.details,
    `Options:\n${columns(rows)}`,
    `Examples:\n${command.examples.map((example) => `  ${example}`).join('\n')}`,
  ];
  return `${parts.join('\n\n')}\n`;
}

export function overview(commands: readonly Command[]): string {
  const statuses = Object.values(exitStatuses).map(([status, meaning]): [string, string] => [
    String(status),
    meaning,
  ]);
  const parts = [
    'Usage: pipework COMMAND [options] [-- CMD...]',
    'Works with a pipework plugin from a shell. CMD is what starts the plugin. Everything behind the first -- belongs to it.',
    `Commands:\n${columns(commands.map(({ name, summary }) => [name, summary]))}`,
    'pipework COMMAND --help tells more of one. pipework --version prints the version.',
    `Exit status:\n${columns(statuses)}`,
  ];
  return `${parts.join('\n\n')}\n`;
}
