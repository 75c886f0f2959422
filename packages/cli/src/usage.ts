/**
 * Makes help texts from the data of the commands, so that a help text always has the options that the command
 * accepts.
 */
import type { Command, OptionSpec } from './command.ts';
import { exitStatuses } from './exit-status.ts';
import { helpOption } from './parse.ts';

/** Returns one line that shows how a command is typed. */
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

/**
 * Returns rows of two columns. The first column is as wide as its longest cell. The text of the second column
 * is broken into lines, so that a row fits `width`.
 */
export function columns(rows: readonly (readonly [string, string])[], width: number = Infinity): string {
  const leftWidth = Math.max(0, ...rows.map(([left]) => left.length));
  const indent = ' '.repeat(leftWidth + 4);
  const rightWidth = Math.max(narrowestColumn, width - indent.length);
  return rows
    .map(([left, right]) => `  ${left.padEnd(leftWidth)}  ${wrapped(right, rightWidth, indent)}`.trimEnd())
    .join('\n');
}

const narrowestColumn = 20;

/**
 * Returns a text in lines of at most `width` characters, broken between words. Each line but the first begins
 * with `indent`.
 */
export function wrapped(text: string, width: number, indent: string = ''): string {
  if (text.length <= width) return text;
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${indent}`);
}

export function helpOf(command: Command, width: number): string {
  const options: [string, OptionSpec][] = Object.entries({ ...command.options, help: helpOption });
  const rows = options.map(([name, { choices, value = choices?.join('|'), help }]): [string, string] => [
    value === undefined ? `--${name}` : `--${name} ${value}`,
    help,
  ]);
  const parts = [
    `Usage: ${synopsis(command)}`,
    ...[command.summary, ...command.details].map((paragraph) => wrapped(paragraph, width)),
    `Options:\n${columns(rows, width)}`,
    `Examples:\n${command.examples.map((example) => `  ${example}`).join('\n')}`,
  ];
  return `${parts.join('\n\n')}\n`;
}

const firstSteps = [
  ['pipework describe -- node plugin.js', ''],
  [`pipework call greeter.greet '"world"' -- node plugin.js`, ''],
] as const;

export function overview(commands: readonly Command[], width: number): string {
  const statuses = Object.values(exitStatuses).map(([status, meaning]): [string, string] => [
    String(status),
    meaning,
  ]);
  const parts = [
    'Usage: pipework COMMAND [options] [-- CMD...]',
    wrapped(
      'Works with a pipework plugin from a shell. CMD is the command line of the plugin: everything after the first --.',
      width,
    ),
    `Commands:\n${columns(
      commands.map(({ name, summary }) => [name, summary]),
      width,
    )}`,
    `To begin with, ask a plugin what it offers, and call it:\n${columns(firstSteps)}`,
    wrapped('pipework COMMAND --help explains a command. pipework --version prints the version.', width),
    `Exit status:\n${columns(statuses, width)}`,
  ];
  return `${parts.join('\n\n')}\n`;
}
