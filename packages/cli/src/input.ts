/** Reads the arguments of a call. Each argument is JSON on the command line, or `-` for standard input. */
import { constants } from 'node:buffer';
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
   * Returns the first mistake that was found in standard input while the plugin read it; undefined if there was
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
      // After a mistake the input is closed, which causes a further error. Only the first error is kept.
      mistake ??= error;
    });
  return { args, mistake: () => mistake };
}

/** A message repeats a wrong argument with quotes around it if it has at most this many characters. */
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
  const content = await contentOf(stdin);
  return kind === 'text' ? content : readOne(content, whole);
}

/** The name of standard input in messages. */
const whole = 'standard input';

async function contentOf(stdin: Readable): Promise<string> {
  const bytes = new InputBytes();
  try {
    for await (const chunk of stdin) bytes.add(bytesIn(chunk), whole);
  } catch (error) {
    throw error instanceof UsageError ? error : unreadable(error);
  }
  return utf8In(bytes.take(), whole);
}

/** The maximum number of bytes that are decoded as one text. A longer text may not fit into a string. */
const maxTextBytes = constants.MAX_STRING_LENGTH;

/** Returns a chunk of standard input as bytes. If the stream has an encoding, its chunks are texts. */
const bytesIn = (chunk: unknown): Uint8Array =>
  typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Uint8Array);

/** Collects the bytes of one text. */
class InputBytes {
  #chunks: Uint8Array[] = [];
  #length = 0;

  /** Adds bytes of the text that `where` names. Throws if the text becomes too long. */
  add(chunk: Uint8Array, where: string): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length > maxTextBytes)
      throw new UsageError(
        `${where} is too long: expected at most ${maxTextBytes.toLocaleString('en')} bytes. --stdin bytes has no such limit`,
      );
  }

  /** Returns the bytes of the text, and begins the next text. */
  take(): Uint8Array {
    const bytes = Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#length = 0;
    return bytes;
  }
}

const unreadable = (error: unknown): UsageError =>
  new UsageError(`standard input cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });

/** Decodes the text that `where` names. Removes a byte order mark at the start of the input. */
function utf8In(bytes: Uint8Array, where: string, isStart = true): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: !isStart }).decode(bytes);
  } catch (error) {
    throw new UsageError(
      `${where} is not UTF-8. --stdin bytes gives it to the plugin as a stream. A plugin without streams takes the argument {"$bytes":"..."}, in base64`,
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
  try {
    for await (const { bytes, number } of linesOf(stdin)) {
      const json = utf8In(bytes, nameOfLine(number), number === 1);
      if (json.trim() !== '') yield readOne(json, nameOfLine(number));
    }
  } catch (error) {
    if (error instanceof UsageError) onMistake(error);
    throw error;
  }
}

const nameOfLine = (number: number): string => `line ${number} of standard input`;

interface Line {
  /** The bytes of the line, without its line feed. */
  readonly bytes: Uint8Array;
  /** The number of the line, from 1. */
  readonly number: number;
}

const lineFeed = 10;

async function* linesOf(stdin: Readable): AsyncGenerator<Line, void, undefined> {
  const line = new InputBytes();
  let number = 1;
  for await (const chunk of stdin) {
    let rest = bytesIn(chunk);
    for (let end = rest.indexOf(lineFeed); end >= 0; end = rest.indexOf(lineFeed)) {
      line.add(rest.subarray(0, end), nameOfLine(number));
      yield { bytes: line.take(), number };
      rest = rest.subarray(end + 1);
      number += 1;
    }
    line.add(rest, nameOfLine(number));
  }
  yield { bytes: line.take(), number };
}
