/** `pipework new` makes a workspace with a contract, a plugin, a host and tests. */
import { lstatSync, readdirSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { shellQuoted } from '@pipework/core';
import type { Command, CommandLine } from '../command.ts';
import { statusOf, UsageError } from '../exit-status.ts';
import { styler, type Io } from '../io.ts';
import { print } from '../output.ts';
import { choice, text } from '../parse.ts';
import { languages, writeTemplate } from '../template.ts';
import { version } from '../version.ts';

export const newCommand: Command = {
  name: 'new',
  operands: 'DIR',
  operandCount: [1, 1],
  operandChoices: 'directory',
  takesPlugin: false,
  summary: 'Makes a workspace: contract, plugin, host, tests, dev loop.',
  details: [
    'DIR must be missing, or empty apart from .git. The name of DIR becomes the name of the workspace and the scope of its packages. Nothing is installed yet: the first pnpm script of the workspace installs the dependencies.',
  ],
  options: {
    language: { type: 'string', choices: languages, help: 'the language of the sources (typescript)' },
    name: { type: 'string', value: 'NAME', help: 'the name of the workspace (the name of DIR)' },
  },
  examples: [
    'pipework new my-app',
    'pipework new --language javascript my-app',
    'npm create pipework my-app',
  ],
  run,
};

async function run(line: CommandLine, io: Io): Promise<number> {
  const [operand = ''] = line.operands;
  if (operand === '') throw new UsageError('expected DIR; got an empty text');
  const folder = resolve(io.cwd, operand);
  const language = choice(line, 'language', languages) ?? 'typescript';
  const name = nameOf(folder, text(line, 'name'));
  refuseUnlessEmpty(folder, operand);
  const files = attempt(operand, () => writeTemplate(folder, { language, name, version: version() }));
  await print(io, told(operand, name, files, io));
  return statusOf('answered');
}

/**
 * Matches the names that npm allows as a scope:
 * https://docs.npmjs.com/cli/v11/configuring-npm/package-json#name.
 */
const packageName = /^[a-z0-9][a-z0-9._-]{0,99}$/;

function nameOf(folder: string, given: string | undefined): string {
  const name = given ?? basename(folder);
  if (packageName.test(name)) return name;
  const rule =
    'expected a package name: up to 100 small letters of a to z, digits, dots, hyphens and underscores, the first a letter or digit';
  throw new UsageError(
    given === undefined
      ? `DIR: ${rule}; got ${JSON.stringify(name)}. Give another name by --name`
      : `--name: ${rule}; got ${JSON.stringify(name)}`,
  );
}

function refuseUnlessEmpty(folder: string, operand: string): void {
  const shown = JSON.stringify(operand);
  let names: string[];
  try {
    if (!lstatSync(folder).isDirectory())
      throw new UsageError(`${shown} exists already, and is not a directory`);
    names = readdirSync(folder).filter((name) => name !== '.git');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return;
    if (error instanceof UsageError) throw error;
    throw cannotUse(operand, error);
  }
  const [first] = names.toSorted();
  if (first === undefined) return;
  const more = names.length > 1 ? ` and ${names.length - 1} more` : '';
  throw new UsageError(
    `${shown} is not empty: it has ${JSON.stringify(first)}${more}. Name a directory that is new`,
  );
}

const cannotUse = (operand: string, error: unknown): UsageError =>
  new UsageError(`${JSON.stringify(operand)} cannot be used: ${(error as Error).message}`, { cause: error });

function attempt<T>(operand: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw cannotUse(operand, error);
  }
}

/** Returns the text that says what was made, and what to type next. */
function told(operand: string, name: string, files: readonly string[], io: Io): string {
  const style = styler(io, 'stdout');
  const cd = operand === '.' ? [] : [`cd ${shellQuoted(operand)}`];
  const commands: [string, string][] = [
    ['pnpm test', 'installs, and runs the tests'],
    ['pnpm start', 'runs the host, which starts the plugin and calls it'],
    ['pnpm dev', 'runs the host, and reloads the plugin when you save a file of it'],
  ];
  const rows = commands.map(([command, what]) => `  ${style('bold', command.padEnd(12))}${what}`);
  return `${[
    `Made the workspace ${name}: ${files.length} files. README.md describes them. Next:`,
    '',
    ...cd.map((command) => `  ${style('bold', command)}`),
    ...rows,
    '',
    'Without pnpm: npx -y pnpm@latest test',
  ].join('\n')}\n`;
}
