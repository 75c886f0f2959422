/** Reads the arguments of a call. Each argument is JSON on the command line, or `-` for standard input. */
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { UsageError } from './exit-status.ts';
import type { Io } from './io.ts';
import { excerpt, parseJson } from './values.ts';

/** How standard input is read for an argument `-`. */
export const stdinKinds = ['bytes', 'ndjson', 'json', 'text'] as const;
export type StdinKind = (typeof stdinKinds)[number];

export interface Input {
  readonly args: readonly unknown[];
  /**
   * Returns the mistake that was found in standard input while the plugin read it; undefined if there was
   * none.
   */
  mistake(): UsageError | undefined;
}

export async function readArguments(operands: readonly string[], kind: StdinKind, io: Io): Promise<Input> {
  if (operands.filter((operand) => operand === '-').length > 1)
    throw new UsageError('only one argument can be -, because there is one standard input');
  let mistake: UsageError | undefined;
  const args: unknown[] = [];
  // Arguments on the command line are read first, so that a mistake in them is reported before standard input
  // is read.
  for (const [index, operand] of operands.entries())
    args.push(operand === '-' ? undefined : readOne(operand, `argument ${index + 1}`));
  const at = operands.indexOf('-');
  if (at >= 0)
    args[at] = await readStdin(kind, io, (error) => {
      mistake = error;
    });
  return { args, mistake: () => mistake };
}

/** The length in characters up to which a message repeats a wrong argument with quotes around it. */
const maxHint = 60;

function readOne(json: string, where: string): unknown {
  try {
    return parseJson(json);
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${where}: ${error.message}`, { cause: error });
    const hint =
      json.length <= maxHint && /^[\w ./:-]+$/.test(json)
        ? `. A text has quotes: '${JSON.stringify(json)}'`
        : '';
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      `${where} is not JSON: ${excerpt(JSON.stringify(json))} (${excerpt(reason)})${hint}`,
      {
        cause: error,
      },
    );
  }
}

async function readStdin(kind: StdinKind, io: Io, onMistake: (error: UsageError) => void): Promise<unknown> {
  const stdin = io.stdin();
  stdin.once('error', (error) => onMistake(unreadable(error)));
  if (kind === 'bytes') return Readable.toWeb(stdin) as ReadableStream<Uint8Array>;
  if (kind === 'ndjson') return values(stdin, onMistake);
  const content = utf8In(await contentOf(stdin));
  return kind === 'text' ? content : readOne(content, 'standard input');
}

async function contentOf(stdin: Readable): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of stdin) chunks.push(Buffer.from(chunk as Uint8Array));
  } catch (error) {
    throw unreadable(error);
  }
  return Buffer.concat(chunks);
}

const unreadable = (error: unknown): UsageError =>
  new UsageError(`standard input cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });

/** Decodes the bytes and removes a byte order mark. */
function utf8In(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new UsageError(
      'standard input is not UTF-8. --stdin bytes gives it to the plugin as a stream. A plugin without streams takes the argument {"$bytes":"..."}, in base64',
      {
        cause: error,
      },
    );
  }
}

/** Yields one value per line. Reads a line only when the plugin asks for the next value. */
async function* values(
  stdin: Readable,
  onMistake: (error: UsageError) => void,
): AsyncGenerator<unknown, void, undefined> {
  let number = 0;
  for await (const line of createInterface({ input: stdin, crlfDelay: Infinity })) {
    number += 1;
    const json = number === 1 ? line.replace(/^\uFEFF/, '') : line;
    if (json.trim() === '') continue;
    try {
      yield readOne(json, `line ${number} of standard input`);
    } catch (error) {
      if (error instanceof UsageError) onMistake(error);
      throw error;
    }
  }
}
