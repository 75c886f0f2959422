/**
 * Reads one direction of one stream. A direction whose sender opened the stream begins with a broker id,
 * except on the first three streams. After that, the direction has messages, output or bare bytes.
 */
import { decode } from '../wire/decode.ts';
import { ValueScanner } from '../wire/value-scanner.ts';
import { concat } from '../wire/yamux.ts';
import { show, showBytes } from './show.ts';

/**
 * One of the two pipes: the pipe that carries bytes to the plugin, or the pipe that carries bytes to the
 * host.
 */
export type Direction = 'toPlugin' | 'toHost';

/** A part of a transcript line. The text of a phrase is made only when the transcript is read. */
export type Phrase = (() => string) | Messages;

export const say = (phrase: Phrase): string =>
  typeof phrase === 'function'
    ? phrase()
    : phrase
        .each()
        .map((message) => message.text())
        .join('  ');

/** How many bytes of a message are kept for its line in the transcript. The line itself is far shorter. */
const shownBytes = 1024;
const nothing = new Uint8Array(0);

/**
 * Returns the purpose of one of the first three streams, as section 5 of docs/protocol.md orders them.
 * Returns '' for any other stream.
 */
export function purposeOf(id: number): string {
  return ['control', 'stdout', 'stderr'][(id - 1) / 2] ?? '';
}

export class StreamReader {
  readonly #scanner: ValueScanner = new ValueScanner();
  /** The beginning of the incomplete message. */
  #head: Kept | undefined;
  readonly #isOutput: boolean;
  readonly #isOpener: boolean;
  #leading: Uint8Array | undefined;
  /**
   * True after bytes have arrived that are not messages. All later bytes are shown as bytes, and not as
   * messages.
   */
  #isBare = false;

  /**
   * @param isOpener True if the sender of this direction opened the stream. If so, the direction begins with
   * the broker id, except on the first three streams.
   */
  constructor(id: number, isOpener: boolean) {
    const purpose = purposeOf(id);
    this.#isOpener = isOpener;
    this.#isOutput = purpose === 'stdout' || purpose === 'stderr';
    if (purpose === '' && isOpener) this.#leading = nothing;
  }

  /**
   * Adds a phrase to `phrases` for each broker id, message or piece of output that these bytes complete.
   * Copies only the bytes that are shown. Those bytes are decoded when the transcript is read.
   */
  read(bytes: Uint8Array, phrases: Phrase[]): void {
    let rest = bytes;
    if (this.#leading !== undefined) {
      const held = concat([this.#leading, rest]);
      this.#leading = held;
      if (held.length < 4) return;
      this.#leading = undefined;
      const id = new DataView(held.buffer).getUint32(0);
      phrases.push(() => `broker id ${String(id)}`);
      rest = held.subarray(4);
    }
    if (rest.length === 0) return;
    if (this.#isOutput || this.#isBare) phrases.push(bareBytes(rest));
    else this.#readMessages(rest, phrases);
  }

  #readMessages(bytes: Uint8Array, phrases: Phrase[]): void {
    /**
     * The position of the first small message that is not kept yet. This message and those after it are later
     * kept together, in one piece.
     */
    let small = 0;
    for (let at = 0; at < bytes.length;) {
      let end: number;
      try {
        end = this.#scanner.scan(bytes, at);
      } catch {
        // The bytes are not MessagePack. Either the stream has the user's own protocol, or the peer is
        // faulty. In both cases the bytes are shown as bytes.
        this.#keepSmall(bytes, small, at, phrases);
        this.#isBare = true;
        phrases.push(bareBytes(bytes.subarray(at)));
        return;
      }
      if (end >= 0 && end - at <= shownBytes && this.#head === undefined) {
        at = end;
        continue;
      }
      this.#keepSmall(bytes, small, at, phrases);
      const stop = end < 0 ? bytes.length : end;
      const keptEnd = Math.min(stop, at + shownBytes - (this.#head?.length ?? 0));
      this.#head =
        this.#head === undefined ? keep(bytes, at, keptEnd) : join(this.#head, bytes.subarray(at, keptEnd));
      if (end < 0) return;
      phrases.push(new Messages(this.#head, this.#isOpener));
      this.#head = undefined;
      at = end;
      small = end;
    }
    this.#keepSmall(bytes, small, bytes.length, phrases);
  }

  #keepSmall(bytes: Uint8Array, from: number, to: number, phrases: Phrase[]): void {
    if (to > from) phrases.push(new Messages(keep(bytes, from, to), this.#isOpener));
  }
}

/** Messages that became complete together: several small messages, or the beginning of a large message. */
export class Messages {
  readonly #kept: Kept;
  readonly #isOpener: boolean;

  constructor(kept: Kept, isOpener: boolean) {
    this.#kept = kept;
    this.#isOpener = isOpener;
  }

  each(): Message[] {
    const bytes = bytesOf(this.#kept);
    const scanner = new ValueScanner();
    const messages: Message[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = scanner.scan(bytes, at);
      const stop = end < 0 ? bytes.length : end;
      messages.push(new Message(bytes.subarray(at, stop), this.#isOpener));
      at = stop;
    }
    return messages;
  }
}

/** One message, or the beginning of a large message. */
export class Message {
  readonly #bytes: Uint8Array;
  readonly #isOpener: boolean;

  constructor(bytes: Uint8Array, isOpener: boolean) {
    this.#bytes = bytes;
    this.#isOpener = isOpener;
  }

  text(): string {
    return describeMessage(decode(this.#bytes), this.#isOpener);
  }

  /**
   * If the message carries items of a stream of values, returns these items. Returns undefined for any other
   * message.
   */
  items(): unknown[] | undefined {
    const message = decode(this.#bytes);
    if (!Array.isArray(message) || message.length !== 2) return undefined;
    const [type, body] = message as unknown[];
    const word = (this.#isOpener ? asked : given)[Number(type)];
    if (word === 'item') return [body];
    return word === 'items' && Array.isArray(body) ? body : undefined;
  }
}

/**
 * Bytes within a larger array. For a message of tens of bytes, a view would cost more than the copy into this
 * array.
 */
interface Kept {
  readonly page: Uint8Array;
  readonly start: number;
  readonly length: number;
}

const pageBytes = 32 * 1024;
let page = nothing;
let filled = 0;

/** Copies the bytes at the positions from `from` to `to` - 1. */
function keep(bytes: Uint8Array, from: number, to: number): Kept {
  const length = to - from;
  if (length > pageBytes / 4) return { page: bytes.slice(from, to), start: 0, length };
  if (filled + length > page.length) {
    page = new Uint8Array(pageBytes);
    filled = 0;
  }
  const start = filled;
  filled += length;
  if (length > 64) page.set(bytes.subarray(from, to), start);
  else for (let i = 0; i < length; i++) page[start + i] = bytes[from + i] ?? 0;
  return { page, start, length };
}

const bytesOf = ({ page, start, length }: Kept): Uint8Array => page.subarray(start, start + length);

function join(head: Kept, more: Uint8Array): Kept {
  return more.length === 0
    ? head
    : { page: concat([bytesOf(head), more]), start: 0, length: head.length + more.length };
}

function bareBytes(bytes: Uint8Array): Phrase {
  const { length } = bytes;
  const head = new Uint8Array(bytes.subarray(0, shownBytes));
  return () => showBytes(head, length);
}

/**
 * Each message in a stream of values begins with a number. These lists have the meanings of that number.
 * `given` is for messages of the side that gives the values, and `asked` is for messages of the side that
 * dialled the stream.
 */
const given = ['item', 'done', 'failed', 'answer', 'items'];
const asked = ['return', 'throw'];

/**
 * Returns `request 3 Plugin.greet('world')` or `item 5`, for example. If the value is not a message, the text
 * shows the value itself.
 */
export function describeMessage(message: unknown, isOpener: boolean): string {
  if (Array.isArray(message)) {
    const [type, a, b, c] = message as unknown[];
    if (type === 0 && message.length === 4) return `request ${show(a)} ${String(b)}${list(c)}`;
    if (type === 1 && message.length === 4) {
      return b === null ? `response ${show(a)} ${show(c)}` : `response ${show(a)} failed: ${show(b)}`;
    }
    if (type === 2 && message.length === 3) return `notification ${String(a)}${list(b)}`;
    const word = (isOpener ? asked : given)[Number(type)];
    if (message.length === 2 && word !== undefined) return `${word} ${show(a)}`;
  }
  return `no message: ${show(message)}`;
}

const list = (params: unknown): string =>
  Array.isArray(params)
    ? `(${params.map(show).join(', ')})`
    : ` with params that are no array: ${show(params)}`;
