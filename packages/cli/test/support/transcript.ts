// Compares the command's output in a pipe and in a terminal with the golden transcripts in
// `transcripts/golden`.
//
//   npx vitest run --project cli test/transcripts --update writes these files again
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  bin,
  inSession,
  noTerminal,
  partsOf,
  root,
  run,
  session,
  skipped,
  terminal,
  type Ran,
  type Steps,
} from './run.ts';

/** One command line, as it is typed in a shell. */
export interface Line {
  readonly words: readonly string[];
  /** The text that is piped to standard input. */
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** The keys that are typed while the command runs in a terminal. */
  readonly steps?: Steps;
}

/** Returns a line whose words are separated by spaces and have no quotes. */
export const line = (words: string, more: Omit<Line, 'words'> = {}): Line => ({
  words: words.split(' '),
  ...more,
});

export interface Plan {
  readonly lines: readonly Line[];
  readonly cwd: string;
  /** Folders of this machine, each with the text that replaces it in the transcript. */
  readonly folders?: Readonly<Record<string, string>>;
}

/**
 * Compares the output of the lines with two golden files of this name, one for a pipe and one for a terminal.
 */
export function testTranscripts(name: string, plan: () => Plan, missing?: string): void {
  const notHere = process.platform === 'linux' ? missing : 'transcripts are those of Linux';
  const noPty = notHere ?? noTerminal;
  describe(`the transcript of ${name}`, () => {
    test.skipIf(notHere !== undefined)(`in a pipe${skipped(notHere)}`, async () => {
      const { lines, cwd, folders = {} } = plan();
      const inPipe = lines.filter(({ steps }) => steps === undefined);
      await compare(`${name}.pipe.txt`, await shownInPipe(inPipe, cwd), folders);
    });
    test.skipIf(noPty !== undefined)(`in a terminal${skipped(noPty)}`, async () => {
      const { lines, cwd, folders = {} } = plan();
      await compare(`${name}.terminal.txt`, await shownInTerminal(lines, cwd), folders);
    });
  });
}

async function compare(
  file: string,
  shown: readonly (readonly [Line, string])[],
  folders: Readonly<Record<string, string>>,
): Promise<void> {
  const told = shown.map(([one, text]) => `${prompt(one)}\n${text}`).join('\n');
  await expect(normal(told, folders)).toMatchFileSnapshot(join('../transcripts/golden', file));
}

/** Returns a line as it is typed in a shell, with the prompt before it. */
function prompt({ words, input, env = {} }: Line): string {
  const set = Object.entries(env).map(([key, value]) => `${key}=${value} `);
  const quoted = words.map((word) => (/^[\w%+,./:=@<>-]+$/.test(word) ? word : `'${word}'`));
  const piped = input === undefined ? '' : ` <<< ${JSON.stringify(input)}`;
  return `$ ${set.join('')}pipework ${quoted.join(' ')}${piped}`;
}

/**
 * Replaces the parts of a text that differ between machines: folders, versions, times, and file modes, which
 * depend on the umask.
 */
function normal(text: string, folders: Readonly<Record<string, string>>): string {
  const named = Object.entries({
    ...folders,
    [root.replace(/\/$/, '')]: '<root>',
    [process.execPath]: '<node>',
  });
  const placed = named.reduce((all, [folder, name]) => all.replaceAll(folder, name), text);
  return placed
    .replaceAll(/\b\d+\.\d+\.\d+\b/g, '<version>')
    .replaceAll(/\bafter \d+ ms/g, 'after <time>')
    .replaceAll(/\(\d+\.\d s\)/g, '(<time>)')
    .replaceAll(/ +\d+\.\d ms {2}/g, ' <time>  ')
    .replaceAll(/"durationMs":\d+/g, '"durationMs":<time>')
    .replaceAll(/\(mode 0\d+\)/g, '(mode <mode>)');
}

/**
 * Groups neighbouring lines so that they share one process. A line with its own environment, input or keys
 * has a process of its own.
 */
function* groups(lines: readonly Line[]): Generator<readonly Line[], void, undefined> {
  let shared: Line[] = [];
  for (const one of lines) {
    const isAlone = one.input !== undefined || one.env !== undefined || one.steps !== undefined;
    if (!isAlone) shared.push(one);
    else {
      if (shared.length > 0) yield shared;
      shared = [];
      yield [one];
    }
  }
  if (shared.length > 0) yield shared;
}

type Shown = (readonly [Line, string])[];

async function shownInPipe(lines: readonly Line[], cwd: string): Promise<Shown> {
  const shown: Shown = [];
  for (const group of groups(lines)) {
    const [first] = group;
    if (group.length === 1 && first !== undefined) {
      const { words, input = '', env = {} } = first;
      shown.push([first, told(await run([process.execPath, bin, ...words], { input, env, cwd }))]);
      continue;
    }
    const lines = group.map(({ words }) => words);
    const ran = await inSession(lines, { cwd });
    for (const [index, one] of group.entries())
      shown.push([one, told(ran[index] ?? { stdout: '', stderr: '', status: null })]);
  }
  return shown;
}

async function shownInTerminal(lines: readonly Line[], cwd: string): Promise<Shown> {
  const shown: Shown = [];
  for (const group of groups(lines)) {
    const [first] = group;
    if (group.length === 1 && first !== undefined) {
      const { words, input = '', env = {}, steps = [] } = first;
      // `env` sets the variables inside the terminal, because the program that makes the terminal needs
      // another PATH.
      const set = Object.entries(env).map(([key, value]) => `${key}=${value}`);
      const command = ['/usr/bin/env', ...set, process.execPath, bin, ...words];
      const ran = await terminal(command, steps, {}, cwd, input);
      shown.push([first, `${visible('tty', ran.shown)}status ${ran.status}\n`]);
      continue;
    }
    const words = JSON.stringify(group.map((one) => one.words));
    const outputs = partsOf((await terminal([process.execPath, session, words], [], {}, cwd)).shown);
    for (const [index, one] of group.entries()) {
      const [text = '', status] = outputs[index] ?? [];
      shown.push([one, `${visible('tty', text)}status ${status}\n`]);
    }
  }
  return shown;
}

const told = ({ stdout, stderr, status }: Ran): string =>
  `${visible('out', stdout)}${visible('err', stderr)}status ${status}\n`;

/**
 * Returns each line with the name of its output in front. A character that controls a terminal is replaced by
 * its picture.
 */
function visible(name: string, text: string): string {
  if (text === '') return '';
  const shown = text.replaceAll('\u001b', '␛').replaceAll('\r', '␍').replaceAll('\u0007', '␇');
  const isWhole = shown.endsWith('\n');
  const lines = (isWhole ? shown.slice(0, -1) : shown).split('\n').map((one) => `${name}| ${one}`.trimEnd());
  return `${lines.join('\n')}\n${isWhole ? '' : `${name}  (no line break)\n`}`;
}
