/** `pipework doctor` checks whether this machine has what pipework needs. */
import { printable } from '@pipework/core';
import type { Command, CommandLine } from '../command.ts';
import { checks, examine, type Result } from '../doctor/examine.ts';
import type { Level } from '../doctor/finding.ts';
import { realProbes } from '../doctor/probes.ts';
import { statusOf, UsageError } from '../exit-status.ts';
import { styler, widthOf, type Io, type Style } from '../io.ts';
import { print } from '../output.ts';
import { text } from '../parse.ts';
import { listed } from '../spelling.ts';
import { wrapped } from '../usage.ts';
import { jsonText } from '../values.ts';

const checkNames = checks.map(({ name }) => name);

export const doctor: Command = {
  name: 'doctor',
  operands: '',
  operandCount: [0, 0],
  takesPlugin: false,
  summary: 'Checks that this machine has what pipework needs.',
  details: [
    'Where possible, a check tries the real thing: it starts Node, the shell, a plugin, or a plugin in a sandbox. The report says what each check found, what that means, and what to do. Limited: plugins run, but another feature of pipework does not work. Broken: some or all plugins do not run.',
    `The checks are ${listed(checkNames, 'and')}.`,
  ],
  options: {
    skip: {
      type: 'string',
      value: 'NAMES',
      choices: checkNames,
      isList: true,
      help: 'leave out checks, separated by commas',
    },
    json: { type: 'boolean', help: 'print the findings as JSON' },
  },
  examples: ['pipework doctor', 'pipework doctor --skip bubblewrap,namespaces'],
  run,
};

async function run(line: CommandLine, io: Io): Promise<number> {
  const skipped = skippedIn(text(line, 'skip'));
  const chosen = checks.filter(({ name }) => !skipped.has(name));
  if (chosen.length === 0)
    throw new UsageError('--skip: expected at least one check that is left; got the names of all');
  const results: Result[] = [];
  for await (const result of examine(chosen, realProbes(io.env))) {
    results.push(result);
    if (line.values.json !== true) await print(io, told(result, io));
  }
  const isWell = results.every(({ level }) => level === 'ok' || level === 'does not apply');
  if (line.values.json === true) await print(io, `${jsonText({ ok: isWell, checks: results })}\n`);
  else await print(io, `\n${summary(results)}\n`);
  return statusOf(isWell ? 'answered' : 'found');
}

function skippedIn(given = ''): ReadonlySet<string> {
  const names = given.split(',').filter((name) => name !== '');
  const unknown = names.find((name) => !checkNames.includes(name));
  if (unknown === undefined) return new Set(names);
  throw new UsageError(
    `--skip: expected some of ${listed(checkNames, 'and')}; got ${JSON.stringify(unknown)}`,
  );
}

/** The word and the style by which each level is shown. */
const levels: Readonly<Record<Level, readonly [word: string, style: Style]>> = {
  ok: ['ok', 'green'],
  limited: ['limited', 'yellow'],
  broken: ['broken', 'red'],
  'does not apply': ['-', 'dim'],
};

const wordWidth = Math.max(...Object.values(levels).map(([word]) => word.length));
const nameWidth = Math.max(...checkNames.map((name) => name.length));

/**
 * Returns the report of one check. The first line has the level, the name and the finding. The further lines
 * say what the finding means and what to do.
 */
function told({ level, name, found, means, todo }: Result, io: Io): string {
  const style = styler(io, 'stdout');
  const [word, colour] = levels[level];
  const head = `${style(colour, word.padEnd(wordWidth))}  ${name.padEnd(nameWidth)}  `;
  const indent = ' '.repeat(wordWidth + nameWidth + 4);
  const lines = [found, means, ...(todo === undefined ? [] : [`to do: ${todo}`])];
  // In a pipe, each sentence is on one line, so that a program can read it more easily.
  const width = io.stdout.isTTY === true ? widthOf(io) - indent.length : Infinity;
  return `${head}${lines.map((line) => wrapped(printable(line), width, indent)).join(`\n${indent}`)}\n`;
}

function summary(results: readonly Result[]): string {
  const counts = Object.keys(levels).map(
    (level) => [level, results.filter((result) => result.level === level).length] as const,
  );
  const parts = counts.filter(([, count]) => count > 0).map(([level, count]) => `${count} ${level}`);
  return `${results.length} checks: ${parts.join(', ')}`;
}
